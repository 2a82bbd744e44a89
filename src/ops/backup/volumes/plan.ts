import { bytes, plural } from '../../../text/units.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, Step, StepIo } from '../../engine/plan.ts';
import { sentenceOf } from '../../error.ts';
import { lookInto, type Seen } from '../../volumes/look.ts';
import { saveText } from '../../volumes/save.ts';
import { containerOf, findVolume, sourceText, type Volume } from '../../volumes/source.ts';
import type { BackupRequest } from '../request.ts';

/** The volumes that a backup takes with it. */
export interface PlannedVolumes {
  readonly volumes: readonly Volume[];
  /** What is to be reckoned with on disk: files of users are mostly packed already. */
  readonly bytes: number;
  readonly checks: readonly Check[];
}

const OFF = /^(0|no|off|false)$/i;
const title = 'Volumes';

/** What of the profile's volumes goes beside a backup: all of them beside one of all that a database holds. */
export async function planVolumes(
  context: Pick<OpContext, 'env' | 'backup' | 'runsOn' | 'here'>,
  request: Pick<BackupRequest, 'content' | 'schemas' | 'tables'> | undefined,
): Promise<PlannedVolumes> {
  const { volumes: wanted = [] } = context.backup;
  const without = (...checks: Check[]) => ({ volumes: [], bytes: 0, checks });
  if (wanted.length === 0 || request === undefined) return without();
  const named = wanted.length === 1 ? 'the volume' : `the ${wanted.length} volumes`;
  if (OFF.test(context.env.BACKUP_VOLUMES ?? ''))
    return without({
      title,
      status: 'warn',
      detail: `BACKUP_VOLUMES is off: ${named} of the profile ${wanted.length === 1 ? 'is' : 'are'} not archived.`,
    });
  if (request.content !== 'all' || request.schemas.length + request.tables.length > 0)
    return without({
      title,
      status: 'warn',
      detail: `Beside a part of a database ${named} are not archived.`,
    });
  try {
    const container = await containerOf(context);
    const found: Volume[] = [];
    for (const one of wanted) found.push(await findVolume(one, container));
    const { volumes: seen } = await lookInto(found, { here: context.here, container });
    return {
      volumes: found,
      bytes: seen.reduce((sum, one) => sum + (one.bytes ?? 0), 0),
      checks: seen.flatMap(checksOf),
    };
  } catch (error) {
    return without({ title, status: 'block', detail: sentenceOf(error) });
  }
}

function checksOf({ name, source, bytes: size, cluster, isFile, nested }: Seen): Check[] {
  const block = (detail: string): Check[] => [{ title, status: 'block', detail }];
  if (isFile)
    return block(
      `${name} is one file that is mounted, and no directory (${sourceText(source)}). Mount the directory that it lies in, or keep the file with the project.`,
    );
  if (cluster !== undefined)
    return block(
      `${name} holds a data directory of PostgreSQL (${cluster === '.' ? 'all of it' : cluster}), and a copy of the files of a running server is no backup. Take it out of backup.volumes: its databases are dumped.`,
    );
  const text = size === undefined ? 'of unknown size' : bytes(size);
  return [
    { title, status: 'ok', detail: `${name}: ${sourceText(source)}, ${text}.` },
    ...nested.map((path): Check => {
      const detail = `What another file system has at ${path} of ${name} is archived with it; pgdeck puts nothing back where one is mounted within.`;
      return { title, status: 'warn', detail };
    }),
  ];
}

/** The step that archives them, where there are any. */
export function volumeSteps(
  id: string,
  volumes: readonly Volume[],
  run: (io: StepIo) => Promise<void>,
): Step[] {
  if (volumes.length === 0) return [];
  return [
    {
      id,
      title: `Archive ${plural(volumes.length, 'volume')}`,
      preview: volumes.map(saveText).join('\n'),
      effect: 'the application goes on; a file that it writes to meanwhile is told',
      run,
    },
  ];
}
