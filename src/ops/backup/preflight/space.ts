import { bytes } from '../../../text/units.ts';
import type { Check } from '../../engine/plan.ts';
import { placeOf, roomAt } from '../../repository/place.ts';
import type { Backup } from '../../repository/repository.ts';
import type { BackupRequest } from '../request.ts';

/** What a backup will take on disk; a guess. */
export interface Estimate {
  readonly bytes: number;
  /** From the last backup of its kind, rather than from what data usually is. */
  readonly measured: boolean;
}

/** Text of a dump is about as large as the tables; compressed it is a fifth of that for most data. */
const USUAL = { none: 1, gzip: 0.25, zstd: 0.22 } as const;
const MARGIN = 1.1;

/** The size of a backup of tables of `raw` bytes, by the last one that was made in the same way. */
export function estimateSize(
  raw: number,
  request: Pick<BackupRequest, 'compression' | 'content'>,
  like: readonly Backup[],
): Estimate {
  if (request.content === 'schema') return { bytes: 1 << 20, measured: false };
  const last = like.find(({ manifest }) => manifest?.compress.split(':')[0] === request.compression.method);
  const dumped =
    (last?.bytes ?? 0) - (last?.manifest?.volumes ?? []).reduce((sum, one) => sum + one.bytes, 0);
  const before =
    last?.manifest?.tables.reduce((sum, one) => sum + (one.rows === null ? 0 : one.bytes), 0) ?? 0;
  if (last !== undefined && before > 2 ** 20)
    return { bytes: Math.ceil((raw * dumped) / before), measured: true };
  return { bytes: Math.ceil(raw * USUAL[request.compression.method]), measured: false };
}

/** Whether the repository can be written and has room. `raw` is what it takes when nothing can be compressed. */
export async function spaceChecks(
  repository: string,
  estimate: Estimate,
  raw: number,
  ignore = false,
): Promise<Check[]> {
  const place = await placeOf(repository);
  const title = 'Repository';
  let free: number | undefined;
  try {
    const room = await roomAt(place);
    if (room === undefined)
      return [{ title, status: 'block', detail: `${place} is no directory. Name another one with --dir.` }];
    free = room.free;
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    const why = WHY[code] ?? `cannot be written (${code})`;
    return [
      { title, status: 'block', detail: `${place} ${why}. Fix that, or name another directory with --dir.` },
    ];
  }
  return [
    { title, status: 'ok', detail: `${repository} can be written.` },
    free === undefined ? unknownRoom(estimate) : room(free, estimate, raw, ignore),
  ];
}

const WHY: Readonly<Record<string, string>> = {
  EROFS: 'is on a file system that is read-only',
  EACCES: 'cannot be written by this user',
  EPERM: 'cannot be written by this user',
  ENOENT: 'is on a file system that takes no files',
  ELOOP: 'leads to itself by its links',
  ENAMETOOLONG: 'has a name that is too long',
};

function unknownRoom(estimate: Estimate): Check {
  const detail = `The file system does not say how much is free; the backup takes about ${bytes(estimate.bytes)}.`;
  return { title: 'Free space', status: 'warn', detail };
}

function room(free: number, estimate: Estimate, raw: number, ignore: boolean): Check {
  const title = 'Free space';
  const about = `about ${bytes(estimate.bytes)}${estimate.measured ? ', by the last backup' : ''}`;
  if (free < estimate.bytes * (estimate.measured ? 1 : 0.5))
    return {
      title,
      status: ignore ? 'warn' : 'block',
      detail:
        `${bytes(free)} are free, and the backup takes ${about}. ` +
        (ignore
          ? 'It is made all the same (--ignore-space).'
          : 'Make room, or name another directory with --dir. If you know better, give --ignore-space and --confirm with the name.'),
    };
  const worst = estimate.measured ? estimate.bytes * MARGIN : raw;
  if (free < worst)
    return {
      title,
      status: 'warn',
      detail: `${bytes(free)} are free; the backup takes ${about}, and ${bytes(worst)} where little can be compressed.`,
    };
  return { title, status: 'ok', detail: `${bytes(free)} are free; the backup takes ${about}.` };
}
