import { summaryPoll } from '../../db/queries/activity.ts';
import type { SeriesName } from '../../monitor/derived/vitals.ts';
import { type Line, lineWidth, span } from '../../text/line.ts';
import { sparkline } from '../../text/sparkline.ts';
import { bytes, count, percent } from '../../text/units.ts';
import { width } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';

interface Strip {
  readonly series: SeriesName;
  readonly title: string;
  readonly value: (last: number) => string;
  readonly scale: (
    values: readonly number[],
    deck: Deck,
  ) => { readonly floor: number; readonly ceiling: number };
  /** What is less is drawn as nothing: a server that does nothing draws a flat line. */
  readonly least?: number;
}

/**
 * The next of 1, 2, 5, 10, 20… above the highest value: a steady measure is no full block, and the scale does not move
 * with every reading. Never so fine that next to nothing looks like much.
 */
function above(values: readonly number[], least: number): number {
  const highest = Math.max(0, ...values.filter((v) => !Number.isNaN(v)));
  if (highest < least) return least * 10;
  const power = 10 ** Math.floor(Math.log10(highest));
  return Math.max(least * 10, power * ([1, 2, 5].find((step) => step * power > highest) ?? 10));
}

const from = (least: number) => ({
  least,
  scale: (values: readonly number[]) => ({ floor: 0, ceiling: above(values, least) }),
});

const STRIPS: readonly Strip[] = [
  {
    series: 'connections',
    title: 'conns',
    value: (v) => count(v),
    scale: (values, deck) => ({
      floor: 0,
      ceiling: deck.model.rows(summaryPoll)[0]?.max_connections ?? above(values, 1),
    }),
  },
  { series: 'tps', title: 'tps', value: (v) => count(Math.round(v)), ...from(1) },
  { series: 'hit', title: 'hit', value: (v) => percent(v), scale: () => ({ floor: 0.5, ceiling: 1 }) },
  { series: 'wal', title: 'WAL/s', value: (v) => bytes(v), ...from(10_000) },
];

/** Room of the values beside a strip: they do not push it about. */
const LEAST = 6;
const MOST = 40;

/** Four measures over the last minutes, each with its lowest and highest value, and how many waited for locks at most. */
export function sparklineLine(deck: Deck, columns: number): Line {
  const peak = peakText(deck);
  const room = columns - (peak === '' ? 0 : width(peak) + 2);
  // where not all have room, the first ones are those that are drawn
  const shown = [4, 3, 2, 1].find((n) => Math.floor(room / n) >= 27) ?? 0;
  const each = Math.floor(room / Math.max(1, shown));
  const strips = STRIPS.slice(0, shown).flatMap((strip) => stripLine(deck, strip, each));
  const left = columns - lineWidth(strips) - width(peak);
  return [...strips, span(' '.repeat(Math.max(0, left))), span(peak, 'warn')];
}

/** ` tps ▁▂▃▅ 0-210 `, in exactly the given cells. */
function stripLine(deck: Deck, { series, title, value, scale, least = 0 }: Strip, cells: number): Line {
  const ring = deck.model.vitals.series[series];
  const label = ` ${title} `;
  const bars = Math.max(LEAST, Math.min(MOST, cells - width(label) - 13));
  const values = ring.last(bars);
  const known = values.filter((v) => !Number.isNaN(v));
  const range = known.length === 0 ? '-' : rangeText(Math.min(...known), Math.max(...known), value);
  const drawn = values.map((v) => (v < least ? 0 : v));
  const line = [
    span(label, 'muted'),
    span(sparkline(drawn, bars, { ascii: deck.ascii, ...scale(values, deck) }), 'accent'),
    span(` ${range}`, 'muted'),
  ];
  return [...line, span(' '.repeat(Math.max(0, cells - lineWidth(line))))];
}

function rangeText(low: number, high: number, value: Strip['value']): string {
  const [a, b] = [value(low), value(high)];
  return a === b ? a : `${a}-${b}`;
}

/** `max 12 waiting at 10:14`, by the server's clock in the time zone here; nothing where nobody had to wait. */
function peakText(deck: Deck): string {
  const peak = deck.model.vitals.waitingPeak;
  if (peak === undefined || peak.count === 0) return '';
  return `max ${peak.count} waiting at ${new Date(peak.at).toTimeString().slice(0, 5)} `;
}
