import { summaryPoll } from '../../db/queries/activity.ts';
import type { SeriesName } from '../../monitor/derived/vitals.ts';
import { fitLine, type Line, span } from '../../text/line.ts';
import { sparkline } from '../../text/sparkline.ts';
import { bytes, count, percent } from '../../text/units.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';

interface Strip {
  readonly series: SeriesName;
  readonly title: string;
  /** Where the room is short. */
  readonly short: string;
  readonly value: (last: number) => string;
  readonly scale: (
    values: readonly number[],
    deck: Deck,
  ) => { readonly floor: number; readonly ceiling: number };
}

/**
 * The next of 1, 2, 5, 10, 20… above the highest value: a steady measure is no full block, and the scale does not move
 * with every reading.
 */
function above(values: readonly number[]): number {
  const highest = Math.max(0, ...values.filter((v) => !Number.isNaN(v)));
  if (highest === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(highest));
  return power * ([1, 2, 5].find((step) => step * power > highest) ?? 10);
}

const fromZero = (values: readonly number[]) => ({ floor: 0, ceiling: above(values) });

const STRIPS: readonly Strip[] = [
  {
    series: 'connections',
    title: 'connections',
    short: 'conns',
    value: (v) => count(v),
    scale: (values, deck) => ({
      floor: 0,
      ceiling: deck.model.rows(summaryPoll)[0]?.max_connections ?? above(values),
    }),
  },
  {
    series: 'tps',
    title: 'transactions/s',
    short: 'tps',
    value: (v) => count(Math.round(v)),
    scale: fromZero,
  },
  {
    series: 'hit',
    title: 'cache hit',
    short: 'hit',
    value: (v) => percent(v),
    scale: () => ({ floor: 0.5, ceiling: 1 }),
  },
  { series: 'wal', title: 'WAL/s', short: 'WAL/s', value: (v) => bytes(v), scale: fromZero },
];

/** Four measures over the last minutes: a value and, where there is room, its history. */
export function sparklineLines(deck: Deck, columns: number, height: number): Line[] {
  const each = Math.floor((columns - 1) / STRIPS.length);
  const { more } = glyphsOf(deck);
  const cells = STRIPS.map((strip) => {
    const ring = deck.model.vitals.series[strip.series];
    const last = ring.last(1)[0] ?? Number.NaN;
    return {
      title: each < 24 ? strip.short : strip.title,
      value: strip.value(last),
      values: ring.last(each - 2),
      scale: strip.scale(ring.last(each - 2), deck),
    };
  });
  const labels: Line = cells.flatMap((c) =>
    fitLine([span(` ${c.title} `, 'muted'), span(c.value, 'title')], each, more),
  );
  if (height < 3) return [fitLine(labels, columns)];
  const bars: Line = cells.flatMap((c) =>
    fitLine(
      [span(' '), span(sparkline(c.values, each - 2, { ascii: deck.ascii, ...c.scale }), 'accent')],
      each,
    ),
  );
  return [fitLine(labels, columns), fitLine(bars, columns), fitLine([], columns)];
}
