import { restoreDirectory } from '../../../db/views/restore/facts.ts';
import { bytes } from '../../../text/units.ts';
import { freeBytes, isLocal } from '../../disk.ts';
import type { Check } from '../../operation.ts';
import type { Situation } from '../situation.ts';

const MARGIN = 1.1;

/** Whether the server's disk has room for the backup beside what is there; `freed` will be gone before. */
export async function diskCheck(
  situation: Situation,
  { freed = 0 }: { freed?: number } = {},
): Promise<Check> {
  const { session, context, database, live, backup, state } = situation;
  const title = 'Disk of the server';
  const size = backup.manifest?.database.bytes ?? state?.bytes ?? null;
  const [row] = await session.run(restoreDirectory, { database: live?.name ?? 'postgres' });
  const needed = size === null ? null : size * MARGIN + (row?.wal_bytes ?? 0);
  const about = needed === null ? 'an unknown amount' : `about ${bytes(needed)}`;
  const free = isLocal(context) && row?.directory ? await freeBytes(row.directory) : undefined;
  if (free === undefined || needed === null)
    return {
      title,
      status: 'warn',
      detail:
        free === undefined
          ? `Its free space cannot be seen from here; the restore takes ${about}.`
          : `${bytes(free)} are free; what the restore takes is not known.`,
    };
  if (free + freed < needed)
    return {
      title,
      status: 'block',
      detail:
        `${bytes(free)} are free, and the restore takes ${about}. Make room` +
        (freed === 0 && live !== undefined
          ? `, or give --in-place: it drops ${database} first, after a verified safety backup.`
          : '.'),
    };
  return { title, status: 'ok', detail: `${bytes(free)} are free; the restore takes ${about}.` };
}
