import { bytes, count, duration } from './units.ts';

/** How far something is. */
export interface Amount {
  readonly label: string;
  /** What `done` and `of` count now: a new phase begins the bar anew. */
  readonly phase?: string;
  readonly done: number;
  /** Absent: unknown. */
  readonly of?: number;
  readonly unit: 'bytes' | 'rows' | 'items';
  /** `of` is a guess, such as a table's size for the size of its dump. */
  readonly estimate?: boolean;
}

/** The rate is that of the last seconds: a restore that waits for an index is slow now, whatever it was before. */
const WINDOW_MS = 15_000;
/** Before that a rate is mostly chance. */
const FIRST_MS = 2_000;

/** Watches an amount grow. */
export class Pace {
  readonly #seen: { at: number; done: number }[] = [];

  /** `at`: ms, from any clock that goes on. */
  add(at: number, done: number): void {
    // it began anew: another table, another try
    if (done < (this.#seen.at(-1)?.done ?? 0)) this.#seen.length = 0;
    this.#seen.push({ at, done });
    // one from before the window stays, so that the window is whole
    while (this.#seen.length > 2 && (this.#seen[1]?.at ?? at) <= at - WINDOW_MS) this.#seen.shift();
  }

  /** Units per second; undefined before it can be known. */
  get rate(): number | undefined {
    const [first] = this.#seen;
    const last = this.#seen.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < FIRST_MS) return undefined;
    return ((last.done - first.done) / (last.at - first.at)) * 1000;
  }

  /** Seconds until it is done; undefined where that is not known. */
  left({ done, of }: Pick<Amount, 'done' | 'of'>): number | undefined {
    const { rate } = this;
    if (of === undefined || rate === undefined || rate <= 0) return undefined;
    return Math.max(0, of - done) / rate;
  }
}

/** `data 63% (412 MB of 650 MB), 42 MB/s, 5.6s left`; an estimate has `~`, and is never said to be complete. */
export function progressText(amount: Amount, pace: Pace): string {
  const { label, phase, done, of, unit, estimate } = amount;
  const show = (n: number) => (unit === 'bytes' ? bytes(n) : count(n));
  const guess = estimate === true ? '~' : '';
  const share = of === undefined || of <= 0 ? undefined : Math.min(done / of, estimate === true ? 0.99 : 1);
  const far =
    share === undefined || of === undefined
      ? show(done)
      : `${guess}${Math.floor(share * 100)}% (${show(done)} of ${guess}${show(of)})`;
  // a phase of which nothing is counted is only named
  const amounts = phase !== undefined && of === undefined && done === 0 ? '' : far;
  const parts = [[label, phase, amounts].filter(Boolean).join(' ')];
  const { rate } = pace;
  if (rate !== undefined && unit !== 'items') parts.push(`${show(rate)}${unit === 'rows' ? ' rows' : ''}/s`);
  const left = share === 1 ? undefined : pace.left(amount);
  if (left !== undefined)
    parts.push(`${guess}${duration(left)} left${phase === undefined ? '' : ' of this phase'}`);
  return parts.join(', ');
}
