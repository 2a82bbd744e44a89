import type { AnyPoll, Poll } from '../../db/poll.ts';
import type { Assessment } from '../../health/assess.ts';
import type { Outside } from '../../health/outside.ts';
import type { Figures } from '../../monitor/figures.ts';
import { label } from './label.ts';

/** What is known at a scrape: the last sample, and what the watch itself has done. Nothing is asked for it. */
export interface Scrape {
  readonly figures: Figures;
  /** Where it is connected to, for people. */
  readonly server: string;
  /** Undefined: not judged yet. */
  readonly assessment: Assessment | undefined;
  /** When the last sample was taken, in ms since 1970; undefined: there was none. */
  readonly sampledAt: number | undefined;
  /** The server answers. */
  readonly up: boolean;
  /** The last sample is older than it should be. */
  readonly stale: boolean;
  readonly alerts: readonly { readonly key: string; readonly severity: string }[];
  readonly notifications: { readonly pending: number; readonly sent: number; readonly givenUp: number };
  /** Backups, the schedule and disks, as health is told of them. */
  readonly outside?: Outside | undefined;
}

export interface Sample {
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** A family of series: its name and labels are a contract with those who draw and alert by them. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  /** What it is made of: while one of these is not known, neither is it. */
  readonly reads: readonly AnyPoll[];
  /** Told while the server is away too: it is no figure of the server. */
  readonly always: boolean;
  /** Majors of PostgreSQL that have it. */
  readonly min: number;
  readonly max: number;
  readonly samples: (scrape: Scrape) => readonly Sample[];
}

/** Null, undefined: not known, and left out. */
type Value = number | boolean | null | undefined;
type Labels<Row> = Readonly<Record<string, (row: Row, scrape: Scrape) => string | number | null | undefined>>;

/** One figure of rows. */
export interface Column<Row> extends Partial<Pick<Metric, 'type' | 'always' | 'min' | 'max'>> {
  readonly name: string;
  readonly help: string;
  /** Besides those that the other figures of these rows have. */
  readonly labels?: Labels<Row>;
  readonly value: (row: Row, scrape: Scrape) => Value;
}

interface Source<Row> {
  readonly reads: readonly AnyPoll[];
  readonly labels?: Labels<Row>;
  /** Those that get series, a bounded number of them. */
  readonly rows: (scrape: Scrape) => readonly Row[];
}

/** Figures of the same rows. */
export function columns<Row>(
  { reads, labels = {}, rows }: Source<Row>,
  list: readonly Column<Row>[],
): readonly Metric[] {
  return list.map(({ labels: own = {}, value, type = 'gauge', always = false, ...column }) => {
    const all = Object.entries({ ...labels, ...own });
    return {
      min: 0,
      max: Number.POSITIVE_INFINITY,
      ...column,
      ...{ type, always, reads },
      labels: all.map(([name]) => name),
      samples: (scrape) =>
        distinct(
          rows(scrape).flatMap((row) => {
            const known = Number(value(row, scrape) ?? Number.NaN);
            if (!Number.isFinite(known)) return [];
            return [
              {
                value: known,
                labels: Object.fromEntries(all.map(([name, of]) => [name, label(of(row, scrape))])),
              },
            ];
          }),
        ),
    };
  });
}

/** Figures of the rows of one poll, `most` of them at most. */
export function ofPoll<Row>(
  poll: Poll<Row>,
  list: readonly Column<Row>[],
  { labels = {}, most = 1 }: { readonly labels?: Labels<Row>; readonly most?: number } = {},
): readonly Metric[] {
  const rows = ({ figures }: Scrape) => figures.rows(poll).slice(0, most);
  return columns({ reads: [poll], labels, rows }, list);
}

/** Of rows with the same labels the first: a series must not be told twice. */
function distinct(samples: readonly Sample[]): readonly Sample[] {
  const seen = new Set<string>();
  return samples.filter(({ labels }) => {
    const key = JSON.stringify(Object.values(labels));
    const first = !seen.has(key);
    seen.add(key);
    return first;
  });
}

/** The database that is connected to: what is read of tables is read there. */
export const connected = (_row: unknown, { figures }: Scrape): string | undefined => figures.server?.database;

const counter = { type: 'counter' } as const;

/** Counters that have names of their own, by the column that they are. */
export function counters<Row>(
  list: readonly (readonly [name: string, help: string, value: Column<Row>['value']])[],
): readonly Column<Row>[] {
  return list.map(([name, help, value]) => ({ ...counter, name, help, value }));
}
