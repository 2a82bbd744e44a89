import { type AnyPoll, inOrder, type Known, type Poll, type Wants } from '../db/poll.ts';
import type { Server } from '../db/server.ts';
import type { Call, Session } from '../db/session.ts';
import { Parts } from './parts.ts';
import type { Part } from './snapshot.ts';

/** Between two questions of those that are dear to the server. */
const PATIENCE_MS = 60_000;

/** Reads parts over one connection when told to: what a command needs, without a clock. */
export class Reading {
  readonly #session: Session;
  readonly #parts = new Parts();
  readonly #wants: Wants;
  readonly #asked = new Map<AnyPoll, number>();
  #sent = 0;

  constructor(session: Session, wants: Wants) {
    this.#session = session;
    this.#wants = wants;
    this.#parts.begin(session.server);
  }

  get server(): Server {
    return this.#session.server;
  }

  /** Questions sent so far: each is a transaction on the server. */
  get ownTransactions(): number {
    return this.#sent;
  }

  part<Row>(poll: Poll<Row>): Part<Row> {
    return this.#parts.get(poll);
  }

  /** Asks the polls once, each after those it builds on. Throws DbError when the connection breaks. */
  async read(polls: Iterable<AnyPoll>): Promise<void> {
    for (const poll of inOrder(polls)) {
      if (this.part(poll).status === 'denied') continue;
      const call = this.#callOf(poll);
      if (!call) {
        this.#parts.nothing(poll, performance.now());
        continue;
      }
      const now = performance.now();
      if (poll.patient && now - (this.#asked.get(poll) ?? Number.NEGATIVE_INFINITY) < PATIENCE_MS) continue;
      this.#asked.set(poll, now);
      this.#sent++;
      const [answer] = await this.#session.batch([call]);
      if (!answer) continue;
      if (!answer.ok && answer.error.kind === 'lost') throw answer.error;
      const broken = this.#parts.take(poll, answer, performance.now(), answer.ms, this.server);
      if (broken) throw broken;
    }
  }

  #callOf(poll: AnyPoll): Call | undefined {
    const known: Known = { rows: (other) => this.part(other).rows, wants: this.#wants, server: this.server };
    return poll.call(known);
  }
}
