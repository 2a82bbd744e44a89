import { setTimeout as delay } from 'node:timers/promises';
import { DbError } from '../../../db/errors.ts';
import { fullName } from '../../../db/ident.ts';
import type { Session } from '../../../db/session.ts';
import { milliseconds, plural } from '../../../text/units.ts';
import type { RowsWriter } from '../../archive/rows/writer.ts';
import type { StepIo } from '../../engine/plan.ts';
import { orphansErrors } from '../errors.ts';
import type { Leaf } from '../queries/tables.ts';
import { placesSql } from '../sql.ts';
import { type Removal, takeBatch } from './batch.ts';
import { placesOf } from './places.ts';

/** A batch is to take that long: whoever wants one of its rows waits for it. */
const AIM_MS = 50;
const FIRST = 500;
const SMALLEST = 10;
const LARGEST = 10_000;
/** Rows that are looked up at once: six bytes each are held. */
const AT_ONCE = 5_000_000;
/** Passes over a table that find rows: more means that they come as fast as they go. */
const PASSES = 10;
/** Passes that find rows and can take none of them, and the pause between those. */
const PATIENCE = 5;
const PAUSE_MS = 1_000;

export interface Removed {
  readonly rows: number;
  readonly batches: number;
  readonly longestMs: number;
}

/**
 * Takes out all rows that break a key, batch by batch, until none is found. What was taken stays so when it fails.
 * `expected`: how many there were when it was planned. Throws {@link OpError} or DbError.
 */
export async function removeRows(
  io: StepIo,
  session: Session,
  writer: RowsWriter,
  removal: Removal,
  expected: number | undefined,
): Promise<Removed> {
  const total = { rows: 0, batches: 0, longestMs: 0 };
  const pace = new Pace();
  const table = fullName(removal.key.table.schema, removal.key.table.name);
  for (let passes = 0, idle = 0; ; ) {
    let found = 0;
    let cut = false;
    const before = total.rows;
    for (const leaf of removal.leaves) {
      io.signal.throwIfAborted();
      const places = await placesOf(session, placesSql(removal.key, leaf, AT_ONCE));
      found += places.length;
      cut ||= places.length === AT_ONCE;
      for (let at = 0; at < places.length; ) {
        io.signal.throwIfAborted();
        const size = pace.size;
        const began = performance.now();
        total.rows += await patiently(io, () =>
          takeBatch(io, session, writer, removal, leaf, places.slice(at, size)),
        );
        const ms = performance.now() - began;
        pace.see(ms);
        at += size;
        total.batches++;
        total.longestMs = Math.max(total.longestMs, ms);
        io.progress({
          label: progressLabel(removal, leaf),
          done: total.rows,
          ...(expected !== undefined && { of: Math.max(expected, total.rows) }),
          unit: 'rows',
        });
      }
    }
    if (found === 0) {
      if (total.batches > 0)
        io.line(`${plural(total.batches, 'batch')}, the longest ${milliseconds(total.longestMs)}.`);
      return total;
    }
    idle = total.rows === before ? idle + 1 : 0;
    if (idle >= PATIENCE) throw orphansErrors.locked({ table, rows: found });
    if (!cut) passes++;
    if (passes > PASSES) throw orphansErrors.appearing({ table, passes: PASSES });
    if (idle > 0) await delay(PAUSE_MS, undefined, { signal: io.signal });
  }
}

function progressLabel({ leaves }: Removal, leaf: Leaf): string {
  return leaves.length === 1 ? '' : fullName(leaf.schema, leaf.name);
}

/** Tries that end in a deadlock or a lock that is not had are made again: nothing was done then. */
const AGAIN = new Set(['55P03', '40P01', '40001']);
const TRIES = 5;

async function patiently<T>(io: StepIo, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await work();
    } catch (error) {
      const again = error instanceof DbError && AGAIN.has(error.code ?? '');
      if (!again || tries === TRIES || io.signal.aborted) throw error;
      io.line('A lock was not to be had: that batch was rolled back, and is tried again.');
      await delay(PAUSE_MS * Math.random(), undefined, { signal: io.signal });
    }
}

/** How many rows make a batch, by how long the last ones took. */
export class Pace {
  size = FIRST;

  see(ms: number): void {
    // not by more than half at a time: the next rows may be wider
    const factor = Math.min(1.5, Math.max(0.25, AIM_MS / Math.max(ms, 1)));
    this.size = Math.round(Math.min(LARGEST, Math.max(SMALLEST, this.size * factor)));
  }
}
