import { displayName, fullName } from '../../db/ident.ts';
import {
  tableCountPoll,
  tableDeadPoll,
  tableExactPoll,
  tableSizesPoll,
  tableStatsPoll,
} from '../../db/queries/relations.ts';
import { deadRatio, indexShare, levelOf, limitLevel } from '../../health/level.ts';
import { span } from '../../text/line.ts';
import { bytes, count, duration, percent } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import { type Column, columnFacts, defineScreen, defineView } from '../core/view.ts';
import { type TableRow, tableRows } from './table-rows.ts';

/** Dead rows against the number from which autovacuum acts on this table. */
function deadRatioOf({ stats }: TableRow): number | null {
  return stats ? deadRatio({ dead: stats.n_dead_tup, vacuum_at: stats.vacuum_at }) : null;
}

const sizeCell = (value: number | null, row: TableRow) =>
  value === null || (row.locked && value === 0 && !row.exact)
    ? row.locked
      ? 'locked'
      : '-'
    : `${row.exact ? '' : '~'}${bytes(value)}`;

/** Counters that began so lately have seen next to nothing: "never" is said with that. */
function lately(model: Model): number | undefined {
  const seconds = model.rows(tableCountPoll)[0]?.stats_seconds ?? null;
  return seconds !== null && seconds < model.thresholds.unused_index_days * 86_400 ? seconds : undefined;
}

/** `never`, and since when that is known. */
function neverText(model: Model): string {
  const seconds = lately(model);
  if (seconds !== undefined) return `never since stats reset ${duration(seconds)} ago`;
  const since = model.rows(tableCountPoll)[0]?.stats_since;
  return since ? `never since ${since.slice(0, 10)}` : 'never';
}

const age = (seconds: number | null | undefined) =>
  seconds === null || seconds === undefined ? 'never' : duration(seconds);

const columns = [
  {
    id: 'table',
    title: 'TABLE',
    width: 18,
    priority: 1,
    grow: true,
    value: (r: TableRow) => displayName(r.schemaname, r.relname ?? ''),
  },
  {
    id: 'total',
    title: 'TOTAL',
    field: { kind: 'size', also: ['size'] },
    width: 9,
    align: 'right',
    priority: 1,
    value: (r: TableRow) => r.total_bytes,
    cell: (r: TableRow) => sizeCell(r.total_bytes, r),
    level: (r: TableRow, model) => limitLevel('table_size_bytes', r.total_bytes, model.thresholds),
    tone: (r: TableRow) => (r.locked ? 'warn' : undefined),
  },
  {
    id: 'heap',
    title: 'DATA',
    field: { kind: 'size', also: ['data'] },
    width: 8,
    align: 'right',
    priority: 6,
    value: (r: TableRow) => r.table_bytes,
    cell: (r: TableRow) => sizeCell(r.table_bytes, r),
  },
  {
    id: 'indexes',
    title: 'INDEXES',
    field: { kind: 'size' },
    width: 8,
    align: 'right',
    priority: 5,
    value: (r: TableRow) => r.index_bytes,
    cell: (r: TableRow) => sizeCell(r.index_bytes, r),
  },
  {
    id: 'rows',
    title: 'ROWS',
    field: { kind: 'number' },
    width: 6,
    align: 'right',
    priority: 2,
    value: (r: TableRow) => r.rows,
    cell: (r: TableRow) => `${r.rows_counted ? '' : '~'}${count(r.rows)}`,
  },
  {
    id: 'dead',
    title: 'DEAD',
    field: { kind: 'number' },
    width: 8,
    align: 'right',
    priority: 2,
    value: (r: TableRow) => r.stats?.n_dead_tup,
    format: count,
    level: (r: TableRow, model) => levelOf('dead_ratio', deadRatioOf(r), model.thresholds),
  },
  {
    id: 'vacuum',
    title: 'VACUUM',
    field: { kind: 'duration' },
    width: 7,
    align: 'right',
    priority: 3,
    value: (r: TableRow) => r.stats?.vacuum_age_seconds ?? (r.stats ? Number.POSITIVE_INFINITY : null),
    cell: (r: TableRow) => (r.stats ? age(r.stats.vacuum_age_seconds) : '-'),
  },
  {
    id: 'analyze',
    title: 'ANALYZE',
    field: { kind: 'duration' },
    width: 7,
    align: 'right',
    priority: 4,
    value: (r: TableRow) => r.stats?.analyze_age_seconds ?? (r.stats ? Number.POSITIVE_INFINITY : null),
    cell: (r: TableRow) => (r.stats ? age(r.stats.analyze_age_seconds) : '-'),
  },
  {
    id: 'seq',
    title: 'SEQ',
    field: { kind: 'number' },
    width: 6,
    align: 'right',
    priority: 7,
    value: (r: TableRow) => r.stats?.seq_scan,
    format: count,
    level: (r: TableRow, model) =>
      limitLevel('index_usage_ratio', r.stats && indexShare(r.stats), model.thresholds, 'lower'),
  },
  {
    id: 'idx',
    title: 'IDX',
    field: { kind: 'number' },
    width: 6,
    align: 'right',
    priority: 8,
    value: (r: TableRow) => r.stats?.idx_scan,
    format: count,
  },
  {
    id: 'hot',
    title: 'HOT',
    field: { kind: 'percent' },
    width: 6,
    align: 'right',
    priority: 9,
    value: (r: TableRow) => hotShare(r),
    format: percent,
  },
] satisfies Column<TableRow>[];

/** Share of updates that stayed on their page and touched no index. */
function hotShare(row: TableRow): number | null {
  const updates = row.stats?.n_tup_upd;
  return updates ? (row.stats?.n_tup_hot_upd ?? 0) / updates : null;
}

export const tablesView = defineView<TableRow>({
  id: 'tables',
  title: 'Table sizes',
  noun: 'tables',
  polls: [tableSizesPoll, tableCountPoll, tableDeadPoll, tableExactPoll, tableStatsPoll],
  rows: tableRows,
  total: (model) => model.rows(tableCountPoll)[0]?.tables,
  identity: (row) => String(row.oid),
  taken: { field: 'table', name: (row) => fullName(row.schemaname, row.relname ?? '') },
  sort: { column: 'total', descending: true },
  empty: 'This database has no tables of its own.',
  columns,
  fields: [{ name: 'schema', kind: 'text', value: (r) => r.schemaname }],
  headline: (model, rows) => {
    const shown = rows as readonly TableRow[];
    const locked = shown.filter((r) => r.locked).length;
    const never = shown.some((r) => r.stats && r.stats.vacuum_age_seconds === null);
    const reset = lately(model);
    return [
      span(`database ${model.server?.database ?? ''}`, 'muted'),
      ...(locked > 0 ? [span(`  ${locked} locked: size not asked`, 'warn')] : []),
      ...(never && reset !== undefined
        ? [span(`  never: since stats reset ${duration(reset)} ago`, 'muted')]
        : []),
    ];
  },
  detail: (row, model) => [
    {
      title: `Table ${displayName(row.schemaname, row.relname ?? '')}`,
      facts: columnFacts({ columns }, row, model),
    },
    ...(row.stats
      ? [
          {
            title: 'Since the statistics began',
            facts: [
              ['rows inserted', count(row.stats.n_tup_ins)],
              ['rows updated', count(row.stats.n_tup_upd)],
              ['rows deleted', count(row.stats.n_tup_del)],
              ['rows changed since ANALYZE', count(row.stats.n_mod_since_analyze)],
              ['rows inserted since VACUUM', count(row.stats.n_ins_since_vacuum)],
              ['last VACUUM', row.stats.last_vacuum ?? neverText(model)],
              ['last autovacuum', row.stats.last_autovacuum ?? neverText(model)],
              ['last ANALYZE', row.stats.last_analyze ?? neverText(model)],
              ['last autoanalyze', row.stats.last_autoanalyze ?? neverText(model)],
              ['dead rows / autovacuum threshold', deadRatioOf(row)?.toFixed(2) ?? '-'],
            ] as [string, string][],
          },
        ]
      : []),
  ],
  record: (row) => {
    const { stats, oid, exact, rows: _rows, rows_counted: _counted, ...known } = row;
    return {
      relid: oid,
      ...known,
      total_bytes_exact: exact,
      seq_scan: null,
      idx_scan: null,
      n_live_tup: null,
      n_dead_tup: null,
      ...stats,
      dead_ratio: deadRatioOf(row),
    };
  },
});

export const tablesScreen = defineScreen({ id: 'tables', title: 'Tables', key: '4', panes: [tablesView] });
