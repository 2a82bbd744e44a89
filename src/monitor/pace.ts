import { type Cadence, type PartName, pollOf } from './polls.ts';

/** A query that takes more than this share of its interval is asked less often. */
const DEAR = 0.25;
const MAX_STRETCH_SECONDS = 30;

/** When each part is to be asked next: its cadence, stretched while its query is dear. Times in ms, cadences in s. */
export class Pace {
  readonly #due = new Map<PartName, number>();
  readonly #stretch = new Map<PartName, number>();
  #intervals: Record<Cadence, number>;

  constructor(intervals: Record<Cadence, number>) {
    this.#intervals = { ...intervals };
  }

  get tick(): number {
    return this.#intervals.tick;
  }

  setTick(seconds: number): void {
    this.#intervals = { ...this.#intervals, tick: seconds };
    this.#stretch.clear();
  }

  /** Seconds between two readings of a part, as things are. */
  every(name: PartName): number {
    return this.#stretch.get(name) ?? this.#intervals[pollOf(name).every];
  }

  isDue(name: PartName, now: number): boolean {
    // half a tick of grace: a timer that fires a little early must not skip a whole round
    return now + this.tick * 500 >= (this.#due.get(name) ?? 0);
  }

  /** Takes note of a question sent at a moment, and of what it cost (ms). */
  asked(name: PartName, at: number, cost: number): void {
    const interval = this.#intervals[pollOf(name).every];
    const dear = cost > interval * 1000 * DEAR;
    const next = dear ? Math.min(this.every(name) * 2, Math.max(interval, MAX_STRETCH_SECONDS)) : interval;
    if (next > interval) this.#stretch.set(name, next);
    else this.#stretch.delete(name);
    this.#due.set(name, at + next * 1000);
  }

  /** The part is due at once. */
  hurry(name: PartName): void {
    this.#due.delete(name);
  }

  clear(): void {
    this.#due.clear();
    this.#stretch.clear();
  }
}
