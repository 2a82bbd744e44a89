import { setTimeout as delay } from 'node:timers/promises';
import { backupBlockers, backupCopies } from '../../../db/queries/backup/activity.ts';
import type { RowOf } from '../../../db/query.ts';
import type { Session } from '../../../db/session.ts';
import { duration } from '../../../text/units.ts';
import { writtenTo } from '../../archive/files.ts';
import type { StepIo } from '../../engine/plan.ts';
import { DumpFraction, type Order } from './fraction.ts';
import type { Snapshot } from './snapshot.ts';

const EVERY_MS = 500;
/** Looks at which nothing has begun to move: then somebody may be in the way. */
const STILL = 4;

/**
 * Tells how far the dump is until `signal` says that it is over. Never throws: a dump of which nothing is known is a
 * dump all the same. It has a connection of its own, since an error over the snapshot's would end the snapshot.
 */
export async function watchDump(
  io: StepIo,
  { selection, database }: Snapshot,
  file: string | undefined,
  order: Order,
  signal: AbortSignal,
): Promise<void> {
  const fraction = new DumpFraction(selection.filled, order);
  const session = await io.connect(database.name).catch(() => undefined);
  const asks = session !== undefined && backupCopies.unavailable?.(session.server) === undefined;
  let still = 0;
  let moved = false;
  try {
    while (!signal.aborted) {
      if (asks && fraction.total > 0) {
        const copies = await session.run(backupCopies, { applicationName: io.applicationName });
        if (signal.aborted) return;
        moved ||= copies.length > 0;
        const done = Math.round(fraction.done(copies));
        io.progress({ label: 'data', done, of: fraction.total, unit: 'bytes', estimate: true });
      }
      const written = file === undefined ? undefined : await writtenTo(file);
      moved ||= (written ?? 0) > 0;
      if (!moved && ++still === STILL) await tellBlockers(io, session);
      if (written !== undefined) io.progress({ label: 'written', done: written, unit: 'bytes' });
      await delay(EVERY_MS, undefined, { signal });
    }
  } catch {
    // over, or the connection is
  } finally {
    await session?.close();
  }
}

/** Who keeps the dump from its tables: said once, for a person who sees that nothing moves. */
async function tellBlockers(io: StepIo, session: Session | undefined): Promise<void> {
  for (const blocker of (await session?.run(backupBlockers, undefined)) ?? [])
    io.line(`Waiting for a table. ${blockerText(blocker)}.`);
}

/** Who has a table, or is to have it, so that nobody else may read it. */
export function blockerText(blocker: RowOf<typeof backupBlockers>): string {
  const { pid, usename, application_name, relation, granted, xact_seconds } = blocker;
  const who = [usename, application_name].filter(Boolean).join(', ');
  return `Session ${pid} (${who}) ${granted ? 'holds' : 'waits to hold'} ${relation} exclusively for ${duration(xact_seconds)}`;
}
