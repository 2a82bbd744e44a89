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
/** After a connection was lost or refused. */
const AGAIN_MS = 2_000;
/** Looks at which nothing has begun to move: then somebody may be in the way. */
const STILL = 4;

/**
 * Tells how far the dump is until `signal` says that it is over. Never throws: a dump of which nothing is known is a
 * dump all the same. It has a connection of its own, since an error over the snapshot's would end the snapshot; another
 * one after it was lost.
 */
export async function watchDump(
  io: StepIo,
  { selection, database }: Pick<Snapshot, 'selection' | 'database'>,
  file: string | undefined,
  order: Order,
  signal: AbortSignal,
): Promise<void> {
  const fraction = new DumpFraction(selection.filled, order);
  let session: Session | undefined;
  let still = 0;
  let moved = false;
  let asked = 0;
  const copies = async () => {
    session ??= await io.connect(database.name);
    if (fraction.total === 0 || backupCopies.unavailable?.(session.server) !== undefined) return;
    const found = await session.run(backupCopies, { applicationName: io.applicationName });
    if (signal.aborted) return;
    moved ||= found.length > 0;
    const done = Math.round(fraction.done(found));
    io.progress({ label: 'data', done, of: fraction.total, unit: 'bytes', estimate: true });
  };
  try {
    while (!signal.aborted) {
      if (performance.now() >= asked)
        await copies().catch(async () => {
          await session?.close();
          session = undefined;
          asked = performance.now() + AGAIN_MS;
        });
      if (signal.aborted) return;
      const written = file === undefined ? undefined : await writtenTo(file);
      moved ||= (written ?? 0) > 0;
      if (!moved && ++still === STILL) await tellBlockers(io, session);
      if (written !== undefined) io.progress({ label: 'written', done: written, unit: 'bytes' });
      await delay(EVERY_MS, undefined, { signal });
    }
  } catch {
    // over
  } finally {
    await session?.close();
  }
}

/** Who keeps the dump from its tables: said once, for a person who sees that nothing moves. */
async function tellBlockers(io: StepIo, session: Session | undefined): Promise<void> {
  for (const blocker of (await session?.run(backupBlockers, undefined).catch(() => [])) ?? [])
    io.line(`Waiting for a table. ${blockerText(blocker)}.`);
}

/** Who has a table, or is to have it, so that nobody else may read it. */
export function blockerText(blocker: RowOf<typeof backupBlockers>): string {
  const { pid, usename, application_name, relation, granted, xact_seconds } = blocker;
  const who = [usename, application_name].filter(Boolean).join(', ');
  return `Session ${pid} (${who}) ${granted ? 'holds' : 'waits to hold'} ${relation} exclusively for ${duration(xact_seconds)}`;
}
