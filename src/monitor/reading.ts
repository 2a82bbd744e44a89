import type { Server } from '../db/server.ts';
import type { Call, Session } from '../db/session.ts';
import { Parts } from './parts.ts';
import { type Known, PART_NAMES, type PartName, pollOf, type RowsOf, type Wants } from './polls.ts';
import type { Part } from './snapshot.ts';

/** Between two questions of those that are dear to the server. */
const PATIENCE_MS = 60_000;

/** Reads parts over one connection when told to: what a command needs, without a clock. */
export class Reading {
  readonly #session: Session;
  readonly #parts = new Parts();
  readonly #wants: Wants;
  readonly #asked = new Map<PartName, number>();

  constructor(session: Session, wants: Wants) {
    this.#session = session;
    this.#wants = wants;
    this.#parts.begin(session.server);
  }

  get server(): Server {
    return this.#session.server;
  }

  part<P extends PartName>(name: P): Part<RowsOf[P]> {
    return this.#parts.get(name);
  }

  /** Reads the parts once, each after those it builds on. Throws DbError when the connection breaks. */
  async read(names: readonly PartName[]): Promise<void> {
    for (const name of PART_NAMES.filter((n) => names.includes(n))) {
      if (this.part(name).status === 'denied') continue;
      const call = this.#callOf(name);
      if (!call) {
        this.#parts.nothing(name, performance.now());
        continue;
      }
      const now = performance.now();
      if (pollOf(name).patient && now - (this.#asked.get(name) ?? Number.NEGATIVE_INFINITY) < PATIENCE_MS)
        continue;
      this.#asked.set(name, now);
      const [answer] = await this.#session.batch([call]);
      if (!answer) continue;
      if (!answer.ok && answer.error.kind === 'lost') throw answer.error;
      const broken = this.#parts.take(name, answer, performance.now(), answer.ms, this.server);
      if (broken) throw broken;
    }
  }

  #callOf(name: PartName): Call | undefined {
    const known: Known = { rows: (part) => this.part(part).rows, wants: this.#wants, server: this.server };
    return pollOf(name).call(known);
  }
}
