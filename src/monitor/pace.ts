import type { AnyPoll, Cadence } from '../db/poll.ts';

/** A query that takes more than this share of its interval is asked less often. */
const DEAR = 0.25;
const MAX_STRETCH_SECONDS = 30;
/** A brisk query that takes less than this is no burden every half minute. */
const CHEAP_MS = 15;

/**
 * When each part is to be asked next: its cadence, stretched while its query is dear, shortened where a brisk one is cheap.
 * Times in ms, cadences in s.
 */
export class Pace {
  readonly #due = new Map<AnyPoll, number>();
  /** Seconds between two readings, where they are not those of the cadence. */
  readonly #own = new Map<AnyPoll, number>();
  #intervals: Record<Cadence, number>;

  constructor(intervals: Record<Cadence, number>) {
    this.#intervals = { ...intervals };
  }

  get tick(): number {
    return this.#intervals.tick;
  }

  /** Seconds between two looks at what is due: the tick, in equal pieces of at most a second. */
  get pulse(): number {
    return this.tick / Math.max(1, Math.ceil(this.tick));
  }

  /** The next readings come in the new rhythm, not when the old one would have had them. */
  setTick(seconds: number): void {
    this.#intervals = { ...this.#intervals, tick: seconds };
    this.#own.clear();
    for (const poll of this.#due.keys()) if (poll.every === 'tick') this.#due.delete(poll);
  }

  /** Seconds between two readings of a part, as things are. */
  every(poll: AnyPoll): number {
    return this.#own.get(poll) ?? this.#intervals[poll.every];
  }

  isDue(poll: AnyPoll, now: number): boolean {
    // half a pulse of grace: a timer that fires a little early must not skip a whole round
    return now + this.pulse * 500 >= (this.#due.get(poll) ?? 0);
  }

  /** Takes note of a question sent at a moment, and of what it cost (ms). */
  asked(poll: AnyPoll, at: number, cost: number): void {
    const interval = this.#intervals[poll.every];
    const next = this.#next(poll, interval, cost);
    if (next === interval) this.#own.delete(poll);
    else this.#own.set(poll, next);
    this.#due.set(poll, at + next * 1000);
  }

  #next(poll: AnyPoll, interval: number, cost: number): number {
    if (cost > interval * 1000 * DEAR)
      return Math.min(Math.max(interval, this.every(poll)) * 2, Math.max(interval, MAX_STRETCH_SECONDS));
    return poll.brisk && cost < CHEAP_MS ? Math.min(interval, this.#intervals.slow) : interval;
  }

  /** The part is due at once. */
  hurry(poll: AnyPoll): void {
    this.#due.delete(poll);
  }

  clear(): void {
    this.#due.clear();
    this.#own.clear();
  }
}
