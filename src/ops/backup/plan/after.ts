import { shellWord } from '../../../text/shell.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Step, StepIo } from '../../engine/plan.ts';
import { sentenceOf } from '../../error.ts';
import { pushed } from '../../remote/push/push.ts';
import { placeOfCopies, reached } from '../../remote/store/open.ts';
import { findBackup } from '../../repository/repository.ts';
import { backupErrors } from '../errors.ts';
import type { BackupMade, BackupRequest } from '../request.ts';

/**
 * What the profile asks for once a backup is published: its copy is sent to where it outlives this machine, and a
 * command is run. The backup is good whatever becomes of them; the run's end tells it.
 */
export function afterSteps(
  context: OpContext,
  { repository, database }: Pick<BackupRequest, 'repository' | 'database'>,
  { id, command, made }: After,
): Step[] {
  const { remote } = context.backup;
  const steps: Step[] = [];
  if (remote?.after_backup === true)
    steps.push({
      id: id('copy'),
      title: `Copy the backup of ${database} to ${placeOfCopies(remote)}`,
      preview: `its files, its manifest, and last what makes it a copy -> ${placeOfCopies(remote)}`,
      late: true,
      run: whenMade(made, async (io, backup) => {
        try {
          // one that is down is known by its first answer: what is sent may take hours, this may not
          await reached(remote, io.signal);
          await pushed(io, context, await findBackup(repository, backup.path), repository);
          io.line(`${backup.id} is in ${placeOfCopies(remote)}, too.`);
        } catch (error) {
          if (io.signal.aborted) throw error;
          throw backupErrors.notCopied({ id: backup.id, why: sentenceOf(error) }, error);
        }
      }),
    });
  if (command !== undefined)
    steps.push({
      id: id('after'),
      title: 'Run the command after',
      preview: `sh -c ${shellWord(command)}`,
      late: true,
      run: whenMade(made, async (io, { id: name, path }) => {
        const env = { PGDECK_BACKUP_ID: name, PGDECK_BACKUP_PATH: path, PGDECK_BACKUP_DATABASE: database };
        await io.exec('sh', ['-c', command], { on: io.here, env });
      }),
    });
  return steps;
}

interface After {
  /** Makes the ids of the steps. */
  readonly id: (name: string) => string;
  /** Run by the shell of this machine, which is told the backup by its environment. */
  readonly command: string | undefined;
  /** The backup, once it is published. */
  readonly made: () => BackupMade | undefined;
}

const whenMade =
  (made: () => BackupMade | undefined, work: (io: StepIo, backup: BackupMade) => Promise<void>) =>
  async (io: StepIo): Promise<void> => {
    const backup = made();
    if (backup !== undefined) await work(io, backup);
  };
