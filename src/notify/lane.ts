import { setTimeout as delay } from 'node:timers/promises';
import type { Channel } from './channel.ts';
import type { Clock } from './clock.ts';
import type { ChannelState, GivenUp, Kept } from './delivery.ts';
import { asNotifyError, type NotifyError } from './errors.ts';
import type { Message } from './message.ts';

/** Between the first two attempts; doubled after each. */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
/** After its first attempt a message is tried so long. */
const PATIENCE_MS = 15 * 60_000;
/** A program that is told to end may take its time. */
const ENDING_MS = 200;
/** Messages that wait for one channel: beyond it the oldest is given up, and the memory stays what it is. */
export const MAX_WAITING = 1_000;

interface Waiting {
  readonly message: Message;
  /** When it was first tried; undefined when it was not yet. */
  first: number | undefined;
  /** Tried so long before this process. */
  readonly before: number;
}

interface LaneEvents {
  readonly onGivenUp: (lost: GivenUp) => void;
  /** What it gets waits from now on, and why; or, without a reason, no longer. */
  readonly onWaiting: (label: string, reason?: string) => void;
  /** A message waits no more. */
  readonly onSettled: () => void;
}

/** The queue of one channel: one message at a time, in order. */
export class Lane {
  readonly label: string;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #told: LaneEvents;
  readonly #queue: Waiting[] = [];
  readonly #abort = new AbortController();
  #working: Promise<void> | undefined;
  /** Ends the pause between two attempts. */
  #wake: (() => void) | undefined;
  #pause = FIRST_MS;
  #sent = 0;
  #givenUp = 0;
  #failure: string | null = null;
  /** It is known that it takes nothing. */
  #waits = false;

  constructor(channel: Channel, clock: Clock, told: LaneEvents) {
    this.label = channel.label;
    this.#channel = channel;
    this.#clock = clock;
    this.#told = told;
  }

  get state(): ChannelState {
    return {
      label: this.label,
      pending: this.#queue.length,
      sent: this.#sent,
      given_up: this.#givenUp,
      failure: this.#failure,
    };
  }

  put(message: Message, before: number): void {
    const waiting: Waiting = { message, first: undefined, before };
    if (this.#abort.signal.aborted) {
      this.#lose(waiting, 'It came when sending had ended.');
      return;
    }
    if (this.#queue.length >= MAX_WAITING) {
      // the first one may be on its way
      const [oldest] = this.#queue.splice(1, 1);
      if (oldest) this.#lose(oldest, `More than ${MAX_WAITING} messages wait for it.`);
    }
    this.#queue.push(waiting);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Makes the next attempt at once. */
  hurry(): void {
    this.#pause = FIRST_MS;
    this.#wake?.();
  }

  /** Fulfilled when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#working;
  }

  /** Ends what is on its way, and does not wait long for who does not listen; answers what has not arrived. */
  async stop(): Promise<Pick<Kept, 'message' | 'tried_ms'>[]> {
    this.#abort.abort();
    this.#wake?.();
    const ended = new AbortController();
    const late = delay(ENDING_MS, undefined, { signal: ended.signal }).catch(() => {});
    await Promise.race([this.#working, late]);
    ended.abort();
    return this.waiting;
  }

  /** What has not arrived yet, in order. */
  get waiting(): Pick<Kept, 'message' | 'tried_ms'>[] {
    return this.#queue.map((one) => ({ message: one.message, tried_ms: this.#age(one) }));
  }

  async #work(): Promise<void> {
    for (
      let next = this.#queue[0];
      next !== undefined && !this.#abort.signal.aborted;
      next = this.#queue[0]
    ) {
      next.first ??= this.#clock.now();
      const failure = await this.#attempt(next.message);
      if (failure === undefined) {
        this.#sent++;
        this.#pause = FIRST_MS;
        this.#failure = null;
        this.#queue.shift();
        if (this.#waits) this.#told.onWaiting(this.label);
        this.#waits = false;
        this.#told.onSettled();
        continue;
      }
      // who was told to stop did not fail
      if (this.#abort.signal.aborted) return;
      this.#failure = failure.message;
      const left = PATIENCE_MS - this.#age(next);
      if (failure.permanent || left <= 0) {
        this.#queue.shift();
        this.#lose(next, failure.message);
        if (failure.permanent) continue;
      } else if (!this.#waits) {
        this.#waits = true;
        this.#told.onWaiting(this.label, failure.message);
      }
      await this.#wait(left <= 0 ? this.#pause : Math.min(this.#pause, left));
      this.#pause = Math.min(this.#pause * 2, LONGEST_MS);
    }
  }

  async #attempt(message: Message): Promise<NotifyError | undefined> {
    try {
      await this.#channel.send(message, this.#abort.signal);
      return undefined;
    } catch (error) {
      return asNotifyError(error, this.label);
    }
  }

  #age({ first, before }: Waiting): number {
    return before + (first === undefined ? 0 : this.#clock.now() - first);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#wake = undefined;
        resolve();
      };
      const cancel = this.#clock.after(ms, end);
      this.#wake = end;
    });
  }

  #lose({ message }: Waiting, reason: string): void {
    this.#givenUp++;
    this.#told.onSettled();
    this.#told.onGivenUp({ label: this.label, message, reason });
  }
}
