import { percentile } from '../measure.ts';
import { aligned } from '../report.ts';

/** A figure of several rounds. */
export interface Row {
  readonly title: string;
  readonly values: readonly number[];
  readonly digits: number;
  /** Highest median allowed. */
  readonly budget?: number;
  /** Lowest median allowed, instead. */
  readonly least?: number;
  /** At best, where that is not the lowest of the values. */
  readonly best?: number;
}

/** A figure against another, round by round; at best the lowest of the one against the lowest of the other. */
export function ratio(
  title: string,
  above: readonly number[],
  below: readonly number[],
  budget: number,
): Row {
  return {
    title,
    values: above.map((value, i) => value / (below[i] ?? Number.NaN)),
    digits: 3,
    budget,
    best: Math.min(...above) / Math.min(...below),
  };
}

/** Figures below a heading, as they typically are and as they were at best; `!` marks what is over its budget. */
export function rowsText(heading: string, rows: readonly Row[]): string {
  const lines = rows.map(({ title, values, digits, budget, least, best }) => {
    const known = values.filter((value) => !Number.isNaN(value));
    const median = percentile(known, 0.5);
    const over = (budget !== undefined && median > budget) || (least !== undefined && median < least);
    return [
      title,
      Number.isNaN(median) ? '-' : `${median.toFixed(digits)}${over ? ' !' : ''}`,
      known.length === 0 ? '-' : (best ?? Math.min(...known)).toFixed(digits),
      budget?.toFixed(digits) ?? (least === undefined ? '-' : `≥ ${least.toFixed(digits)}`),
    ];
  });
  return [heading, ...aligned([['', 'median', 'best', 'budget'], ...lines]), ''].join('\n');
}
