import type { Model } from '../../app/core/model.ts';
import { cellText, columnsShown, notRead, statusPart } from '../../app/core/view.ts';
import { sortRows } from '../../app/views/select.ts';
import type { HealthReport } from '../../health/report.ts';
import { lineText } from '../../text/line.ts';
import { withoutPasswords } from '../../text/passwords.ts';
import { duration } from '../../text/units.ts';
import { isView, type OwnSection, SECTIONS, type ViewSection } from './sections.ts';

/** Bars of a picture, the largest first. */
export interface Bars {
  readonly title: string;
  readonly bars: readonly { readonly name: string; readonly value: number; readonly text: string }[];
}

/** A part of the report as every format writes it. Texts are the server's, and not cleaned. */
export interface Part {
  readonly id: string;
  readonly title: string;
  /** What the figures are of: how old they are, and since when they are counted. */
  readonly evidence: string;
  /** Seconds between the reading and the report; null: it was not read. */
  readonly ageSeconds: number | null;
  /** Why there are no rows: they cannot be had, or there are none. */
  readonly instead?: string;
  /** It could not be read. */
  readonly unread: boolean;
  readonly columns: readonly { readonly title: string; readonly align?: 'right' }[];
  readonly rows: readonly (readonly string[])[];
  /** The rows as `show` has them in JSON. */
  readonly records: readonly unknown[];
  readonly notListed: number;
  readonly chart?: Bars;
}

export interface ReportDocument {
  /** ISO, by the clock of this machine. */
  readonly at: string;
  readonly server: string;
  readonly version: string;
  readonly standby: boolean;
  readonly health: HealthReport;
  /** How each finding is mended, by its id. */
  readonly fixes: ReadonlyMap<string, string>;
  readonly parts: readonly Part[];
}

/** Every part, from what was read. `now`: the clock of the readings (performance.now()). */
export function partsOf(model: Model, now: number): Part[] {
  return SECTIONS.map((section) => (isView(section) ? ofView(section, model, now) : ofOwn(section, model)));
}

function ofView(section: ViewSection, model: Model, now: number): Part {
  const { view, limit, only, by, more, chart } = section;
  const part = statusPart(view, model);
  const read = part.status === 'ok' || part.status === 'skipped';
  const all = read ? view.rows(model).filter((row) => only?.(row as never) ?? true) : [];
  const sorted =
    by === undefined
      ? sortRows(view, all, view.sort, model)
      : all.toSorted((a, b) => by(b as never) - by(a as never));
  const rows = sorted.slice(0, limit);
  const shown = columnsShown(view, model, { alone: true, sorted: undefined });
  const columns = more === undefined ? shown : [...shown.slice(0, -1), more, ...shown.slice(-1)];
  const headline = lineText(view.headline?.(model, view.rows(model)) ?? [])
    .trim()
    .replace(/ {2,}/g, '; ');
  const age = Number.isNaN(part.at) ? null : Math.max(0, now - part.at) / 1000;
  const why = [part.reason, part.remedy === undefined ? undefined : `To see it: ${part.remedy}`];
  return {
    id: section.id,
    title: section.title,
    evidence: [
      age === null ? 'not read' : `read ${duration(age)} before`,
      ...(read && headline !== '' ? [headline] : []),
      ...(part.partial === undefined ? [] : [part.partial.reason]),
    ].join('; '),
    ageSeconds: age,
    unread: !read,
    ...(!read && { instead: why.filter(Boolean).join(' ') || 'The server did not answer.' }),
    ...(read && rows.length === 0 && { instead: view.empty }),
    columns: columns.map(({ title, align }) => ({ title, ...(align === 'right' && { align }) })),
    rows: rows.map((row) => columns.map((column) => cellText(column, row as never, model))),
    records: rows.map((row) => section.record?.(row as never) ?? view.record?.(row, model) ?? row),
    notListed: all.length - rows.length + (only === undefined && read ? notRead(view, model) : 0),
    ...(chart !== undefined && rows.length > 0 && { chart: barsOf(chart, chart.sum === true ? all : rows) }),
  };
}

/** More of them are no picture. */
const BARS = 10;

function barsOf(chart: NonNullable<ViewSection['chart']>, rows: readonly unknown[]): Bars {
  const bars = rows.map((row) => chart.bar(row as never));
  if (chart.sum !== true) return { title: chart.title, bars: bars.slice(0, BARS) };
  const sums = new Map<string, number>();
  for (const { name, value } of bars) sums.set(name, (sums.get(name) ?? 0) + value);
  const summed = [...sums].map(([name, value]) => ({ name, value, text: String(value) }));
  return { title: chart.title, bars: summed.toSorted((a, b) => b.value - a.value).slice(0, BARS) };
}

function ofOwn(section: OwnSection, model: Model): Part {
  const told = section.told(model);
  const at = model.outsideAt;
  const age = Number.isNaN(at) ? null : Math.max(0, Date.now() - at) / 1000;
  const rows = 'known' in told ? told.known : [];
  const instead =
    'unknown' in told
      ? [told.unknown, told.remedy].filter(Boolean).join(' ')
      : rows.length === 0
        ? section.empty
        : undefined;
  return {
    id: section.id,
    title: section.title,
    evidence: age === null ? 'not looked for' : `looked for on this machine ${duration(age)} before`,
    ageSeconds: age,
    unread: 'unknown' in told,
    ...(instead !== undefined && { instead }),
    columns: section.columns.map((title) => ({ title })),
    rows,
    records: rows.map((row) =>
      Object.fromEntries(section.columns.map((name, i) => [keyOf(name), row[i] ?? null])),
    ),
    notListed: 0,
  };
}

/** The report is handed on: what is written as a password in a text of it stays here. */
export function hiding<T>(value: T): T {
  if (typeof value === 'string') return withoutPasswords(value) as T;
  if (Array.isArray(value)) return value.map(hiding) as T;
  // a time is none that has texts in it
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hiding(one)])) as T;
}

const keyOf = (title: string): string => title.toLowerCase().replaceAll(' ', '_');
