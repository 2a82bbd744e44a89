import { NOT_CONVERTED } from '../../db/errors.ts';
import { databasePoll } from '../../db/queries/database.ts';
import {
  isOwnStatement,
  type statementCounters,
  statementsInfoPoll,
  statementsPoll,
  statementTextsPoll,
} from '../../db/queries/statements.ts';
import { walPositionPoll } from '../../db/queries/wal.ts';
import type { RowOf } from '../../db/query.ts';
import { limitLevel } from '../../health/level.ts';
import { type StatementRate, statementKey } from '../../monitor/derived/statement-rates.ts';
import { span } from '../../text/line.ts';
import { bytes, count, milliseconds, percent } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import type { DetailSection } from '../core/section.ts';
import { type Column, columnFacts, defineScreen, defineView } from '../core/view.ts';

/** A statement as pg_stat_statements counts it, with its text and what it did in the last minute. */
export interface StatementRow {
  readonly row: RowOf<typeof statementCounters>;
  readonly query: string | null;
  /** Why there is no text. */
  readonly unknown: string | undefined;
  readonly rate: StatementRate | undefined;
  /** Share of the execution time of all statements listed. */
  readonly share: number | null;
}

const cache = new WeakMap<object, { key: readonly unknown[]; rows: readonly StatementRow[] }>();

function statementRows(model: Model): readonly StatementRow[] {
  const refused = textsRefused(model) !== undefined;
  const key = [model.rows(statementsPoll), model.rows(statementTextsPoll), refused];
  const last = cache.get(model);
  if (last?.key.every((part, i) => part === key[i])) return last.rows;
  const texts = new Map(model.rows(statementTextsPoll).map((t) => [t.queryid, t.query]));
  const total = model.rows(statementsPoll).reduce((sum, row) => sum + (row.total_exec_ms ?? 0), 0);
  const rows = model.rows(statementsPoll).map(
    (row): StatementRow => ({
      row,
      query: row.queryid === null ? null : (texts.get(row.queryid) ?? null),
      unknown: unknownText(row.queryid, texts, refused),
      rate: model.statementRates.of(row),
      share: total > 0 ? (row.total_exec_ms ?? 0) / total : null,
    }),
  );
  const others = rows.filter((row) => !isOwnStatement(row.query));
  cache.set(model, { key, rows: others });
  return others;
}

/** Undefined for a text that is known. */
function unknownText(
  queryid: string | null,
  texts: ReadonlyMap<string, string | null>,
  refused: boolean,
): string | undefined {
  if (queryid === null) return 'text hidden from this role';
  const text = texts.get(queryid);
  if (text === undefined) return refused ? 'text hidden by the server' : 'text not read yet';
  return text === null ? 'text no longer kept by the server' : undefined;
}

/** Why the server gave no text when it was asked last; undefined where it did. */
function textsRefused(model: Model): string | undefined {
  const { status, reason, code } = model.part(statementTextsPoll);
  if (status !== 'skipped') return undefined;
  // the extension converts the texts of all databases, and one of SQL_ASCII may hold any bytes
  return NOT_CONVERTED.has(code)
    ? 'one has bytes that this database’s encoding lacks, so pg_stat_statements gives none at all here; ' +
        'a database of encoding SQL_ASCII that has the extension gives them'
    : reason;
}

/** How many of the statements listed are shown without their text. */
function textsUnknown(model: Model): number {
  return statementRows(model).filter(({ query }) => query === null).length;
}

/** Milliseconds as filters take them. */
export const seconds = (ms: number | null | undefined): number | null =>
  ms === null || ms === undefined ? null : ms / 1000;

const columns = [
  {
    id: 'load',
    title: 'LOAD 60s',
    short: 'LOAD',
    field: { kind: 'percent', value: (s) => seconds(s.rate?.execMsPerSecond) },
    width: 8,
    align: 'right',
    priority: 3,
    value: (s) => s.rate?.execMsPerSecond,
    cell: (s) => (s.rate ? `${(s.rate.execMsPerSecond / 10).toFixed(1)}%` : '-'),
    level: (s) => ((s.rate?.execMsPerSecond ?? 0) >= 1000 ? 'alert' : 'normal'),
  },
  {
    id: 'calls_rate',
    title: 'CALLS/s',
    short: 'CALLS',
    field: { kind: 'number' },
    width: 7,
    align: 'right',
    priority: 4,
    value: (s) => s.rate?.callsPerSecond,
    format: count,
  },
  {
    id: 'calls',
    title: 'CALLS',
    field: { kind: 'number' },
    width: 6,
    align: 'right',
    priority: 3,
    value: (s) => s.row.calls,
    format: count,
  },
  {
    id: 'total',
    title: 'TOTAL',
    field: { kind: 'duration', value: (s) => seconds(s.row.total_exec_ms) },
    width: 7,
    align: 'right',
    priority: 1,
    value: (s) => s.row.total_exec_ms,
    format: milliseconds,
  },
  {
    id: 'share',
    title: 'SHARE',
    field: { kind: 'percent' },
    width: 6,
    align: 'right',
    priority: 5,
    value: (s) => s.share,
    format: percent,
  },
  {
    id: 'mean',
    title: 'MEAN',
    field: { kind: 'duration', value: (s) => seconds(s.row.mean_exec_ms) },
    width: 7,
    align: 'right',
    priority: 2,
    value: (s) => s.row.mean_exec_ms,
    format: milliseconds,
    level: (s, model) => limitLevel('slow_statement_ms', s.row.mean_exec_ms, model.thresholds),
  },
  {
    id: 'max',
    title: 'MAX',
    field: { kind: 'duration', value: (s) => seconds(s.row.max_exec_ms) },
    width: 7,
    align: 'right',
    priority: 7,
    value: (s) => s.row.max_exec_ms,
    format: milliseconds,
  },
  {
    id: 'rows',
    title: 'ROWS',
    field: { kind: 'number' },
    width: 6,
    align: 'right',
    priority: 8,
    value: (s) => s.row.rows,
    format: count,
  },
  {
    id: 'hit',
    title: 'HIT',
    field: { kind: 'percent' },
    width: 6,
    align: 'right',
    priority: 6,
    value: (s) => hitShare(s.row),
    format: percent,
  },
  {
    id: 'database',
    title: 'DATABASE',
    field: { kind: 'text', also: ['db'] },
    width: 10,
    priority: 9,
    value: databaseOf,
  },
  {
    id: 'query',
    title: 'STATEMENT',
    width: 34,
    grow: true,
    share: 0.51,
    priority: 1,
    value: (s) => s.query,
    cell: (s) => s.query ?? `(${s.unknown})`,
    tone: (s) => (s.query === null ? 'muted' : undefined),
  },
] satisfies Column<StatementRow>[];

function databaseOf({ row }: StatementRow, model: Model): string {
  return model.rows(databasePoll).find((d) => d.datid === row.dbid)?.datname ?? `database ${row.dbid}`;
}

function hitShare(row: RowOf<typeof statementCounters>): number | null {
  const all = (row.shared_blks_hit ?? 0) + (row.shared_blks_read ?? 0);
  return all > 0 ? (row.shared_blks_hit ?? 0) / all : null;
}

function counters(s: StatementRow, model: Model): DetailSection {
  const shown: readonly Column<StatementRow>[] = columns.filter((c) => c.id !== 'query');
  return {
    title: 'Counters',
    facts: [
      ...columnFacts({ columns: shown }, s, model),
      ['query id', s.row.queryid ?? '-'],
      ['standard deviation', milliseconds(s.row.stddev_exec_ms)],
      ['planning', milliseconds(s.row.total_plan_ms)],
      [
        'blocks hit / read / dirtied',
        [s.row.shared_blks_hit, s.row.shared_blks_read, s.row.shared_blks_dirtied].map(count).join(' / '),
      ],
      ['temporary blocks written', count(s.row.temp_blks_written)],
      ['WAL', bytes(s.row.wal_bytes)],
    ],
  };
}

export const statementsView = defineView<StatementRow>({
  id: 'statements',
  title: 'Statements',
  noun: 'statements',
  polls: [statementsPoll, statementTextsPoll, statementsInfoPoll, walPositionPoll, databasePoll],
  rows: statementRows,
  total: (model) => {
    const listed = model.rows(statementsPoll);
    return (listed[0]?.entries ?? 0) - (listed.length - statementRows(model).length);
  },
  identity: (s) => statementKey(s.row),
  sort: { column: 'total', descending: true },
  empty: 'pg_stat_statements has counted nothing yet.',
  columns,
  headline: (model: Model) => {
    const info = model.rows(statementsInfoPoll)[0];
    const own = model.rows(statementsPoll).length - statementRows(model).length;
    const unknown = textsUnknown(model);
    const refused = unknown > 0 ? textsRefused(model) : undefined;
    return [
      ...(refused === undefined ? [] : [span(`${unknown} without their text: ${refused}  `, 'warn')]),
      span('by pg_stat_statements', 'muted'),
      ...(info?.stats_reset ? [span(` since ${info.stats_reset.slice(0, 19)}`, 'muted')] : []),
      ...(info?.dealloc ? [span(`  ${count(info.dealloc)} evictions: the list is incomplete`, 'warn')] : []),
      ...(unknown > 0 && refused === undefined ? [span(`  ${unknown} without their text`, 'muted')] : []),
      ...(own > 0 ? [span(`  ${own} of pgdeck itself left out`, 'muted')] : []),
    ];
  },
  query: (s) => s.query,
  queryId: (s) => s.row.queryid,
  database: databaseOf,
  detail: (s, model) => [
    {
      title: 'Statement',
      text:
        s.query ??
        `(${s.unknown}${textsRefused(model) === undefined ? '' : `: ${textsRefused(model)}`}; new ones are read once a minute, since the server reads all texts for it)`,
    },
    counters(s, model),
  ],
  ofSession: ({ queryId }, model) => {
    const found = queryId ? statementRows(model).find((s) => s.row.queryid === queryId) : undefined;
    return found && { ...counters(found, model), title: 'In pg_stat_statements' };
  },
  record: ({ row: { entries: _, ...row }, query, rate, share }) => ({
    ...row,
    exec_time_ratio: share,
    calls_per_second: rate?.callsPerSecond ?? null,
    exec_ms_per_second: rate?.execMsPerSecond ?? null,
    query,
  }),
  beside: {
    facts: (model) => ({ texts_unknown: textsUnknown(model), texts_reason: textsRefused(model) ?? null }),
  },
});

export const statementsScreen = defineScreen({
  id: 'statements',
  title: 'Statements',
  short: 'SQL',
  key: '6',
  panes: [statementsView],
});
