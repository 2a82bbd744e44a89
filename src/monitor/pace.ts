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

  /** Seconds between two looks at what is due: the tick, in equal pieces of at most a second. */
  get pulse(): number {
    return this.tick / Math.max(1, Math.ceil(this.tick));
  }

  /** The next readings come in the new rhythm, not when the old one would have had them. */
  setTick(seconds: number): void {
    this.#intervals = { ...this.#intervals, tick: seconds };
    this.#stretch.clear();
    for (const name of this.#due.keys()) if (pollOf(name).every === 'tick') this.#due.delete(name);
  }

  /** Seconds between two readings of a part, as things are. */
  every(name: PartName): number {
    return this.#stretch.get(name) ?? this.#intervals[pollOf(name).every];
  }

  isDue(name: PartName, now: number): boolean {
    // half a pulse of grace: a timer that fires a little early must not skip a whole round
    return now + this.pulse * 500 >= (this.#due.get(name) ?? 0);
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
