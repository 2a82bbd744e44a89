import { setTimeout as delay } from 'node:timers/promises';
import { DbError } from '../../db/errors.ts';
import { fullName } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { milliseconds, plural } from '../../text/units.ts';
import type { StepIo } from '../engine/plan.ts';
import { withLockRetries } from '../maintain/shared/retry.ts';
import { LOCK_SECONDS, type Taking, takeBatch } from './batch.ts';
import type { Keeper } from './counter.ts';
import { takeErrors } from './errors.ts';
import { placesOf } from './places.ts';
import type { Leaf } from './queries/tables.ts';
import { placesSql } from './sql.ts';

/** A batch is to take that long: whoever wants one of its rows waits for it. In between it is left as it is. */
const LEAST_MS = 80;
const MOST_MS = 130;
/** And its rows locked no longer than that. */
const HELD_MS = 50;
const FIRST = 500;
const SMALLEST = 10;
const LARGEST = 20_000;
/** Rows that are looked up at once: six bytes each are held. */
const AT_ONCE = 5_000_000;
/** The pause before rows are looked for again that others have locked. */
const PAUSE_MS = 1_000;

export interface Removed {
  readonly rows: number;
  readonly batches: number;
  readonly longestMs: number;
  /** How long rows were locked at most. */
  readonly heldMs: number;
}

export interface Patience {
  /** How many rows there were when it was planned. */
  readonly expected: number | undefined;
  /** Seconds without a row that could be had. */
  readonly wait: number;
  /** Passes over a table that find rows: more means that they come as fast as they go. */
  readonly passes: number;
}

/**
 * Takes out all rows that are meant, batch by batch, until none is found. What was taken stays so when it fails. Throws
 * {@link OpError} or DbError.
 */
export async function removeRows(
  io: StepIo,
  session: Session,
  keeper: Keeper,
  taking: Taking,
  { expected, wait, passes: most }: Patience,
): Promise<Removed> {
  const { table, leaves, condition } = taking;
  const total = { rows: 0, batches: 0, longestMs: 0, heldMs: 0 };
  const pace = new Pace();
  const locks = new Locks(io, wait);
  let had = performance.now();
  try {
    await session.sql(`SET lock_timeout = '${LOCK_SECONDS}s'`);
    for (let passes = 0; ; ) {
      let found = 0;
      let cut = false;
      const before = total.rows;
      for (const leaf of leaves) {
        io.signal.throwIfAborted();
        const places = await locks.patiently(leaf, () =>
          placesOf(session, placesSql(leaf, condition, AT_ONCE)),
        );
        found += places.length;
        cut ||= places.length === AT_ONCE;
        for (let at = 0; at < places.length; ) {
          io.signal.throwIfAborted();
          const { size } = pace;
          const began = performance.now();
          const { rows, heldMs } = await locks.patiently(leaf, () =>
            takeBatch(io, session, keeper, taking, leaf, places.slice(at, size)),
          );
          const ms = performance.now() - began;
          if (rows > 0) had = performance.now();
          total.rows += rows;
          pace.see(ms, heldMs);
          at += size;
          total.batches++;
          total.longestMs = Math.max(total.longestMs, ms);
          total.heldMs = Math.max(total.heldMs, heldMs);
          io.progress({
            label: leaves.length === 1 ? '' : fullName(leaf.schema, leaf.name),
            done: total.rows,
            ...(expected !== undefined && { of: Math.max(expected, total.rows) }),
            unit: 'rows',
          });
        }
      }
      if (found === 0) {
        if (total.batches > 0)
          io.line(
            `${plural(total.batches, 'batch')}, the longest ${milliseconds(total.longestMs)}; rows were locked for ${milliseconds(total.heldMs)} at most.`,
          );
        return total;
      }
      const none = total.rows === before;
      const left = had + wait * 1000 - performance.now();
      if (none && left <= 0) throw takeErrors.locked({ table, rows: found, seconds: wait });
      if (!cut) passes++;
      if (!none && passes > most) throw takeErrors.appearing({ table, passes: most });
      io.waits(none ? `${table}: rows that others have locked` : undefined, left / 1000);
      if (none) await delay(Math.min(PAUSE_MS, Math.max(left, 1)), undefined, { signal: io.signal });
    }
  } finally {
    io.waits(undefined);
    await locks.close();
  }
}

/** Tries that end in a deadlock are made again: nothing was done then. */
const AGAIN = new Set(['40P01', '40001']);
const TRIES = 5;

/** Waits for locks on tables, and tells who holds them. */
class Locks {
  readonly #io: StepIo;
  readonly #wait: number;
  #looking: Session | undefined;

  constructor(io: StepIo, wait: number) {
    this.#io = io;
    this.#wait = wait;
  }

  /** Throws {@link OpError} that names who holds the table when the time is over. */
  async patiently<T>(leaf: Leaf, work: () => Promise<T>): Promise<T> {
    const io = this.#io;
    const wanted = {
      ...{ name: fullName(leaf.schema, leaf.name), oids: [leaf.oid] },
      mode: 'RowExclusiveLock' as const,
    };
    const patience = { lockTimeout: LOCK_SECONDS, wait: this.#wait };
    for (let tries = 1; ; tries++)
      try {
        return await withLockRetries(io, { wanted, patience, look: () => this.#look() }, work);
      } catch (error) {
        const again = error instanceof DbError && AGAIN.has(error.code ?? '');
        if (!again || tries === TRIES || io.signal.aborted) throw error;
        io.line('It met another transaction: that batch was rolled back, and is tried again.');
        await delay(PAUSE_MS * Math.random(), undefined, { signal: io.signal });
      }
  }

  async #look(): Promise<Session> {
    if (this.#looking === undefined || this.#looking.lost) this.#looking = await this.#io.connect();
    return this.#looking;
  }

  async close(): Promise<void> {
    await this.#looking?.close();
  }
}

/**
 * How many rows make a batch, by how long the last ones took. Some of that time every batch takes, whatever its size: on
 * slow disks one that were made smaller for each of those would end with hardly any rows.
 */
export class Pace {
  size = FIRST;

  see(ms: number, heldMs = 0): void {
    // fewer than that are hardly locked for a shorter time: it is the way to the server and the disk that takes it
    if (heldMs > HELD_MS && ms <= MOST_MS) {
      this.size = Math.max(
        Math.min(this.size, FIRST),
        Math.round(this.size * Math.max(0.5, HELD_MS / heldMs)),
      );
      return;
    }
    if (ms >= LEAST_MS && ms <= MOST_MS) return;
    // not by more than the double at a time: the next rows may be wider
    const factor = ms < LEAST_MS ? Math.min(2, LEAST_MS / Math.max(ms, 1)) : Math.max(0.5, MOST_MS / ms);
    this.size = Math.round(Math.min(LARGEST, Math.max(SMALLEST, this.size * factor)));
  }
}
