import { type DbError, denial } from '../db/errors.ts';
import type { AnyPoll, Poll } from '../db/poll.ts';
import type { Server } from '../db/server.ts';
import type { Answer } from '../db/session.ts';
import { type Part, WAITING } from './snapshot.ts';

const NO_ROWS: readonly never[] = Object.freeze([]);

/** What was read last, poll by poll. */
export class Parts {
  readonly #parts = new Map<AnyPoll, Part<unknown>>();
  #server: Server | undefined;

  get<Row>(poll: Poll<Row>): Part<Row> {
    const part = this.#parts.get(poll) ?? this.#lacking(poll) ?? WAITING;
    return part as Part<Row>;
  }

  /** A new connection: what was refused may be allowed now, what the server lacks is known at once. */
  begin(server: Server): void {
    this.#server = server;
    for (const [poll, { status }] of [...this.#parts]) {
      if (status === 'denied') this.#parts.delete(poll);
      this.#lacking(poll);
    }
  }

  /** What this server cannot answer, known without asking. */
  #lacking(poll: AnyPoll): Part<unknown> | undefined {
    const reason = this.#server && poll.query.unavailable?.(this.#server);
    return reason && this.#set(poll, { ...WAITING, status: 'denied', ...reason });
  }

  /** The connection is gone: the rows stay, as old ones. */
  goStale(): void {
    for (const [poll, part] of this.#parts)
      if (part.status === 'ok' || part.status === 'skipped') this.#set(poll, { ...part, status: 'stale' });
  }

  /**
   * Takes in an answer.
   *
   * @param now the sampler's clock, ms
   * @returns an error that only a new connection can mend
   */
  take(poll: AnyPoll, answer: Answer, now: number, cost: number, server: Server): DbError | undefined {
    const { query } = poll;
    const before = this.get(poll);
    if (answer.ok) {
      const rows = poll.merge?.(before.rows, answer.rows, (other) => this.get(other).rows) ?? answer.rows;
      const partial = query.partial?.(server);
      this.#set(poll, { status: 'ok', at: now, rows, ms: cost, ...(partial && { partial }) });
      return undefined;
    }
    const { error } = answer;
    if (error.kind === 'lost') return undefined;
    if (error.kind !== 'denied' && error.kind !== 'unsupported') {
      const { message: reason, code } = error;
      this.#set(poll, { ...before, status: 'skipped', reason, code, busy: error.kind === 'busy' });
      return undefined;
    }
    // a plan that no longer fits (ALTER EXTENSION UPDATE) says "unsupported" too: a new session makes new plans
    if (before.status === 'ok' && error.code === '0A000') return error;
    this.#set(poll, { ...before, status: 'denied', rows: [], ...denial(error, query.needs, server) });
    return undefined;
  }

  /** There was nothing to ask: known without a question. Rows that are collected stay. */
  nothing(poll: AnyPoll, now: number): void {
    const before = this.get(poll);
    if (before.status === 'denied') return;
    const rows = poll.merge ? before.rows : NO_ROWS;
    this.#set(poll, { status: 'ok', at: now, rows, ms: 0 });
  }

  #set(poll: AnyPoll, part: Part<unknown>): Part<unknown> {
    this.#parts.set(poll, Object.freeze(part));
    return part;
  }
}
