import type { AnyPoll, Known, Wants } from '../db/poll.ts';
import type { Server } from '../db/server.ts';
import type { Answer, Call, Session } from '../db/session.ts';
import type { Pace } from './pace.ts';
import type { Parts } from './parts.ts';

/** A question that is due, and whose it is. */
export interface Asked {
  readonly poll: AnyPoll;
  readonly call: Call;
}

/** Questions that were sent together over one connection. */
export interface Round {
  readonly fast: Session;
  readonly asked: readonly Asked[];
  readonly sent: number;
  readonly answers: Promise<readonly Answer[]>;
}

export interface GatesOptions {
  readonly parts: Parts;
  readonly pace: Pace;
  readonly wants: () => Wants;
}

/** What a poll asks follows from what is known; there may be nothing to ask. */
export class Gates {
  readonly #options: GatesOptions;
  /** Polls for which there was nothing to ask when they were last due. */
  readonly #shut = new Set<AnyPoll>();

  constructor(options: GatesOptions) {
    this.#options = options;
  }

  /** The questions of those that have one; of the others it is known that they have none. */
  ask(polls: readonly AnyPoll[], server: Server | undefined, now: number): Asked[] {
    return polls.flatMap((poll) => {
      const call = this.#callOf(poll, server);
      if (!call) this.#skip(poll, now);
      return call ? [{ poll, call }] : [];
    });
  }

  /** Those of the needed ones that were shut and have something to ask by now. */
  opened(needs: ReadonlyMap<AnyPoll, number>, server: Server | undefined): AnyPoll[] {
    return [...this.#shut].filter((poll) => needs.has(poll) && this.#callOf(poll, server));
  }

  /** It was answered. */
  answered(poll: AnyPoll): void {
    this.#shut.delete(poll);
  }

  #callOf(poll: AnyPoll, server: Server | undefined): Call | undefined {
    if (!server) return undefined;
    const { parts, wants } = this.#options;
    const known: Known = { rows: (other) => parts.get(other).rows, wants: wants(), server };
    return poll.call(known);
  }

  /** The gate of a poll is shut: that is known now, and looked at again when it is due. */
  #skip(poll: AnyPoll, now: number): void {
    this.#options.parts.nothing(poll, now);
    this.#shut.add(poll);
    // the time of one that is patient is counted from the last question: what there is to ask after it is asked at once
    if (!poll.patient) this.#options.pace.asked(poll, now, 0);
  }
}
