import { type DbError, denial } from '../db/errors.ts';
import type { Server } from '../db/server.ts';
import type { Answer } from '../db/session.ts';
import { PART_NAMES, type PartName, pollOf, type RowsOf, unavailable } from './polls.ts';
import { type Part, WAITING } from './snapshot.ts';

const NO_ROWS: readonly never[] = Object.freeze([]);

/** What was read last, part by part. */
export class Parts {
  readonly #parts = new Map<PartName, Part<unknown>>();

  get<P extends PartName>(name: P): Part<RowsOf[P]> {
    return (this.#parts.get(name) ?? WAITING) as Part<RowsOf[P]>;
  }

  /** A new connection: what was refused may be allowed now, what the server lacks is known at once. */
  begin(server: Server): void {
    for (const name of PART_NAMES) {
      if (this.get(name).status === 'denied') this.#parts.delete(name);
      const reason = unavailable(name, server);
      if (reason) this.#set(name, { ...WAITING, status: 'denied', ...reason });
    }
  }

  /** The connection is gone: the rows stay, as old ones. */
  goStale(): void {
    for (const [name, part] of this.#parts)
      if (part.status === 'ok' || part.status === 'skipped') this.#set(name, { ...part, status: 'stale' });
  }

  /**
   * Takes in an answer.
   *
   * @param now the sampler's clock, ms
   * @returns an error that only a new connection can mend
   */
  take(name: PartName, answer: Answer, now: number, cost: number, server: Server): DbError | undefined {
    const { query, merge } = pollOf(name);
    const before = this.get(name) as Part<unknown>;
    if (answer.ok) {
      const rows = merge ? merge(before.rows, answer.rows, (part) => this.get(part).rows) : answer.rows;
      const partial = query.partial?.(server);
      this.#set(name, { status: 'ok', at: now, rows, ms: cost, ...(partial && { partial }) });
      return undefined;
    }
    const { error } = answer;
    if (error.kind === 'lost') return undefined;
    if (error.kind !== 'denied' && error.kind !== 'unsupported') {
      const { message: reason, code } = error;
      this.#set(name, { ...before, status: 'skipped', reason, code, busy: error.kind === 'busy' });
      return undefined;
    }
    // a plan that no longer fits (ALTER EXTENSION UPDATE) says "unsupported" too: a new session makes new plans
    if (before.status === 'ok' && error.code === '0A000') return error;
    this.#set(name, { ...before, status: 'denied', rows: [], ...denial(error, query.needs, server) });
    return undefined;
  }

  /** There was nothing to ask: known without a question. Rows that are collected stay. */
  nothing(name: PartName, now: number): void {
    const before = this.get(name) as Part<unknown>;
    if (before.status === 'denied') return;
    const rows = pollOf(name).merge ? before.rows : NO_ROWS;
    this.#set(name, { status: 'ok', at: now, rows, ms: 0 });
  }

  #set(name: PartName, part: Part<unknown>): void {
    this.#parts.set(name, Object.freeze(part));
  }
}
