/** Counters of one thing (a database, the WAL) read at one moment of the server's clock. */
export interface CounterReading {
  /** Server clock, ms. */
  readonly at: number;
  /** What the counters belong to: another value (restart, statistics reset) begins anew. */
  readonly epoch: string;
  readonly counters: Readonly<Record<string, number>>;
}

/** Growth of the counters between two readings. */
export interface Window {
  /** Seconds between the readings. */
  readonly seconds: number;
  readonly delta: Readonly<Record<string, number>>;
}

/**
 * Sliding windows over growing counters, on the server's clock.
 *
 * Backends publish their counters at most once a second and only between transactions, so the difference of two
 * one-second samples is spiky: callers show windows of 10 s and 60 s. A counter that fell means a reset that the
 * epoch did not show (pg_stat_reset_single_table_counters): everything before is dropped, never clamped.
 */
export class Rates {
  readonly #keep: number;
  readonly #apart: number;
  #readings: CounterReading[] = [];
  #reset = false;

  /**
   * @param keepSeconds the longest window that will be asked for
   * @param apartMs readings in between are forgotten: an hour of ticks is more than a long window needs
   */
  constructor(keepSeconds: number, apartMs = 0) {
    this.#keep = keepSeconds * 1000;
    this.#apart = apartMs;
  }

  push(reading: CounterReading): void {
    const last = this.#readings.at(-1);
    if (last !== undefined) {
      if (reading.at === last.at && reading.epoch === last.epoch) return;
      const anew = reading.epoch !== last.epoch || fell(last, reading);
      if (anew) this.#reset = true;
      // a server clock that was set back would otherwise freeze the figures until it has caught up
      if (reading.at < last.at || anew) this.#readings = [];
    }
    const before = this.#readings.at(-2);
    if (before !== undefined && (this.#readings.at(-1)?.at ?? 0) - before.at < this.#apart)
      this.#readings.pop();
    this.#readings.push(reading);
    // one reading older than the window stays, so that the window is full and not one sample short
    while (this.#readings.length > 2 && (this.#readings[1]?.at ?? 0) <= reading.at - this.#keep)
      this.#readings.shift();
  }

  /** Growth over (at least) the last `seconds`; a shorter one while there is not enough; undefined before two readings. */
  window(seconds: number): Window | undefined {
    const last = this.#readings.at(-1);
    if (last === undefined || this.#readings.length < 2) return undefined;
    const from = last.at - seconds * 1000;
    let first = this.#readings[0];
    for (const reading of this.#readings) {
      if (reading.at > from + 1) break;
      first = reading;
    }
    if (first === undefined || first === last) return undefined;
    const delta: Record<string, number> = {};
    for (const [name, value] of Object.entries(last.counters))
      delta[name] = value - (first.counters[name] ?? value);
    return { seconds: (last.at - first.at) / 1000, delta };
  }

  /** The counters began anew while they were read. */
  get reset(): boolean {
    return this.#reset;
  }

  clear(): void {
    this.#readings = [];
    this.#reset = false;
  }
}

function fell(before: CounterReading, after: CounterReading): boolean {
  return Object.entries(after.counters).some(
    ([name, value]) => value < (before.counters[name] ?? Number.NEGATIVE_INFINITY),
  );
}
