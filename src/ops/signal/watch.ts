import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../db/session.ts';
import { look, type Whereabouts } from './send.ts';
import type { OutcomeKind, SignalAction, SignalOutcome, Victim } from './types.ts';

/** Seconds until a signalled session is given up. */
const DEFAULT_WAIT = 5;
const FIRST_LOOK_MS = 10;
const LONGEST_PAUSE_MS = 400;

interface Sent {
  readonly victim: Victim;
  /** By `performance.now()`. */
  readonly at: number;
  readonly session: Session;
  /** Ends the wait: there is one more look. */
  readonly signal: AbortSignal;
}

interface Pending extends Sent {
  readonly resolve: (outcome: SignalOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** Looks for all that a run has signalled, in one round trip for all, until each is seen to be gone or given up. */
export class Watch {
  readonly run: string;
  readonly #action: SignalAction;
  readonly #wait: number;
  #pending: readonly Pending[] = [];
  /** A signal of this run has reached somebody. */
  delivered = false;

  constructor(run: string, action: SignalAction, wait = DEFAULT_WAIT) {
    this.run = run;
    this.#action = action;
    this.#wait = wait;
  }

  /** Waits for the end of one; those that are asked for at the same time are looked for together. */
  end(sent: Sent): Promise<SignalOutcome> {
    return new Promise((resolve, reject) => {
      const idle = this.#pending.length === 0;
      this.#pending = [...this.#pending, { ...sent, resolve, reject }];
      if (idle) void this.#watch(sent);
    });
  }

  async #watch({ session, signal }: Sent): Promise<void> {
    const deadline = performance.now() + this.#wait * 1000;
    for (
      let pause = FIRST_LOOK_MS;
      this.#pending.length > 0;
      pause = Math.min(pause * 1.6, LONGEST_PAUSE_MS)
    ) {
      await delay(pause, undefined, { signal }).catch(() => {});
      const looked = this.#pending;
      try {
        const found = await look(
          session,
          this.#action,
          looked.map((one) => one.victim),
        );
        const last = performance.now() >= deadline || signal.aborted;
        const over = looked.filter((one, at) => this.#settled(one, found[at] ?? 'gone', last));
        this.#pending = this.#pending.filter((one) => !over.includes(one));
      } catch (error) {
        this.#pending = this.#pending.filter((one) => !looked.includes(one));
        for (const one of looked) one.reject(error);
      }
    }
  }

  #settled({ victim, at, resolve }: Pending, where: Whereabouts, last: boolean): boolean {
    const kind = this.#verdict(where, last);
    if (kind === undefined) return false;
    const reason =
      where instanceof Error
        ? `the signal was delivered, but what it did is not known: ${where.message}`
        : undefined;
    resolve({ victim, kind, seconds: (performance.now() - at) / 1000, ...(reason && { reason }) });
    return true;
  }

  #verdict(where: Whereabouts, last: boolean): OutcomeKind | undefined {
    if (where === 'gone' || where === 'done') return this.#action === 'cancel' ? 'cancelled' : 'ended';
    if (where === 'unknown') return 'sent';
    // busy for a moment is no reason to give up looking
    if (where instanceof Error) return last || where.kind !== 'busy' ? 'failed' : undefined;
    return last ? 'still_there' : undefined;
  }
}
