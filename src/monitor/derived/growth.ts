import type { Poll } from '../../db/poll.ts';
import type { Server } from '../../db/server.ts';
import type { Part } from '../snapshot.ts';
import { Rates, type Window } from './rates.ts';

/** The longest window: what is rare (a checkpoint, a deadlock) is judged by an hour. */
export const HOUR = 3600;
/** Between two readings that are kept: an hour of ticks would be 3600 of them for nothing. */
const APART_MS = 10_000;

/** Counters that grow since `epoch`, of each row that a poll reads. */
export interface Counted<Row> {
  readonly poll: Poll<Row>;
  /** What a row is about: a database's name; the same in every reading. */
  key(row: Row): string;
  counters(row: Row): Readonly<Record<string, number>>;
  /** Server clock, ms. */
  at(row: Row): number;
  /** Another value (a reset of the statistics) begins anew. */
  epoch(row: Row): string;
}

/** Counters without their row type. */
export type AnyCounted = Counted<unknown>;

/** How much counters grew within windows of up to an hour, per row. */
export class Growth {
  readonly #rates = new Map<AnyCounted, Map<string, Rates>>();
  readonly #seen = new Map<AnyCounted, unknown>();
  #startedAt: string | undefined;

  /** Takes in what was read since the last call. */
  observe(
    facts: { part<Row>(poll: Poll<Row>): Part<Row>; readonly server: Server | undefined },
    counted: Iterable<AnyCounted>,
  ): void {
    const startedAt = String(facts.server?.startedAt ?? '');
    // a restart is no reset
    if (startedAt !== this.#startedAt) this.#rates.clear();
    this.#startedAt = startedAt;
    for (const one of counted) {
      const { rows } = facts.part(one.poll);
      if (rows === this.#seen.get(one) || rows.length === 0) continue;
      this.#seen.set(one, rows);
      this.#take(one, rows);
    }
  }

  #take(one: AnyCounted, rows: readonly unknown[]): void {
    const known = this.#rates.get(one) ?? new Map<string, Rates>();
    this.#rates.set(one, known);
    const present = new Set<string>();
    for (const row of rows) {
      const key = one.key(row);
      present.add(key);
      const rates = known.get(key) ?? new Rates(HOUR, APART_MS);
      known.set(key, rates);
      rates.push({ at: one.at(row), epoch: one.epoch(row), counters: one.counters(row) });
    }
    for (const key of known.keys()) if (!present.has(key)) known.delete(key);
  }

  /** The growth of one row's counters over (at most) so many seconds; undefined before two readings. */
  of(counted: AnyCounted, key: string, seconds = HOUR): Window | undefined {
    return this.#rates.get(counted)?.get(key)?.window(seconds);
  }

  /** Whether one row's counters began anew while they were read. */
  reset(counted: AnyCounted, key: string): boolean {
    return this.#rates.get(counted)?.get(key)?.reset ?? false;
  }
}
