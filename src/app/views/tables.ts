import { displayName, fullName } from '../../db/ident.ts';
import {
  tableCountPoll,
  tableDeadPoll,
  tableExactPoll,
  tableSizesPoll,
  type tableStats,
  tableStatsPoll,
} from '../../db/queries/relations.ts';
import type { RowOf } from '../../db/query.ts';
import { levelOf, limitLevel } from '../../health/level.ts';
import { span } from '../../text/line.ts';
import { bytes, count, duration, percent } from '../../text/units.ts';
import type { Model } from '../core/model.ts';
import { type Column, columnFacts, defineScreen, defineView } from '../core/view.ts';

/** A table with everything known of it: its estimated and (where read) exact size, and its counters. */
export interface TableRow {
  readonly oid: number;
  readonly schemaname: string | null;
  readonly relname: string | null;
  /** Exact where it was read, otherwise from relpages. */
  readonly total_bytes: number | null;
  readonly table_bytes: number | null;
  readonly index_bytes: number | null;
  /** False while only relpages, as of the last VACUUM or ANALYZE, is known. */
  readonly exact: boolean;
  /** An AccessExclusiveLock is held or awaited: a size function would wait behind it, so none is called. */
  readonly locked: boolean;
  readonly est_rows: number | null;
  readonly stats: RowOf<typeof tableStats> | undefined;
}

function merge(model: Model): TableRow[] {
  const exact = new Map(model.rows(tableExactPoll).map((r) => [r.oid, r]));
  const stats = new Map(model.rows(tableStatsPoll).map((r) => [r.relid, r]));
  const sized = model.rows(tableSizesPoll).map((r): TableRow => {
    const size = exact.get(r.oid);
    const known = size !== undefined && size.total_bytes !== null;
    return {
      oid: r.oid,
      schemaname: r.schemaname,
      relname: r.relname,
      total_bytes: known ? size.total_bytes : r.est_total_bytes,
      table_bytes: known ? size.table_bytes : r.est_heap_bytes,
      index_bytes: known ? size.index_bytes : r.est_index_bytes,
      exact: known,
      locked: size?.busy === true,
      est_rows: r.est_rows,
      stats: stats.get(r.oid),
    };
  });
  const seen = new Set(sized.map((r) => r.oid));
  const others = model.rows(tableStatsPoll).filter((s) => !seen.has(s.relid));
  return [
    ...sized,
    ...others.map((s): TableRow => {
      const size = exact.get(s.relid);
      return {
        oid: s.relid,
        schemaname: s.schemaname,
        relname: s.relname,
        total_bytes: size?.total_bytes ?? null,
        table_bytes: size?.table_bytes ?? null,
        index_bytes: size?.index_bytes ?? null,
        exact: size?.total_bytes != null,
        locked: size?.busy === true,
        est_rows: null,
        stats: s,
      };
    }),
  ];
}

/** One result per set of parts: the same parts give the same rows, so that nothing is computed twice. */
const cache = new WeakMap<object, { key: readonly unknown[]; rows: readonly TableRow[] }>();

export function tableRows(model: Model): readonly TableRow[] {
  const key = [model.rows(tableSizesPoll), model.rows(tableExactPoll), model.rows(tableStatsPoll)];
  const last = cache.get(model);
  if (last?.key.every((part, i) => part === key[i])) return last.rows;
  const rows = merge(model);
  cache.set(model, { key, rows });
  return rows;
}

/** Dead rows against the number from which autovacuum acts, with the server-wide settings. */
function deadRatio(row: TableRow, model: Model): number | null {
  const dead = row.stats?.n_dead_tup;
  if (dead === null || dead === undefined) return null;
  const settings = model.server?.settings ?? {};
  const base = Number(settings.autovacuum_vacuum_threshold ?? 50);
  const scale = Number(settings.autovacuum_vacuum_scale_factor ?? 0.2);
  return dead / (base + scale * (row.stats?.n_live_tup ?? 0));
}

const sizeCell = (value: number | null, row: TableRow) =>
  value === null ? (row.locked ? 'locked' : '-') : `${row.exact ? '' : '~'}${bytes(value)}`;

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
    width: 8,
    align: 'right',
    priority: 6,
    value: (r: TableRow) => r.table_bytes,
    cell: (r: TableRow) => sizeCell(r.table_bytes, r),
  },
  {
    id: 'indexes',
    title: 'INDEXES',
    width: 8,
    align: 'right',
    priority: 5,
    value: (r: TableRow) => r.index_bytes,
    cell: (r: TableRow) => sizeCell(r.index_bytes, r),
  },
  {
    id: 'rows',
    title: 'ROWS',
    width: 6,
    align: 'right',
    priority: 2,
    value: (r: TableRow) => r.stats?.n_live_tup ?? r.est_rows,
    format: count,
  },
  {
    id: 'dead',
    title: 'DEAD',
    width: 8,
    align: 'right',
    priority: 2,
    value: (r: TableRow) => r.stats?.n_dead_tup,
    format: count,
    level: (r: TableRow, model) => levelOf('dead_ratio', deadRatio(r, model), model.thresholds),
  },
  {
    id: 'vacuum',
    title: 'VACUUM',
    width: 7,
    align: 'right',
    priority: 3,
    value: (r: TableRow) => r.stats?.vacuum_age_seconds ?? (r.stats ? Number.POSITIVE_INFINITY : null),
    cell: (r: TableRow) => (r.stats ? age(r.stats.vacuum_age_seconds) : '-'),
  },
  {
    id: 'analyze',
    title: 'ANALYZE',
    width: 7,
    align: 'right',
    priority: 4,
    value: (r: TableRow) => r.stats?.analyze_age_seconds ?? (r.stats ? Number.POSITIVE_INFINITY : null),
    cell: (r: TableRow) => (r.stats ? age(r.stats.analyze_age_seconds) : '-'),
  },
  {
    id: 'seq',
    title: 'SEQ',
    width: 6,
    align: 'right',
    priority: 7,
    value: (r: TableRow) => r.stats?.seq_scan,
    format: count,
    level: (r: TableRow, model) => limitLevel('index_usage_ratio', indexShare(r), model.thresholds, 'lower'),
  },
  {
    id: 'idx',
    title: 'IDX',
    width: 6,
    align: 'right',
    priority: 8,
    value: (r: TableRow) => r.stats?.idx_scan,
    format: count,
  },
  {
    id: 'hot',
    title: 'HOT',
    width: 6,
    align: 'right',
    priority: 9,
    value: (r: TableRow) => hotShare(r),
    format: percent,
  },
] satisfies Column<TableRow>[];

/** Rows from which reading a whole table is worth a remark. */
const ROWS_THAT_COUNT = 1000;

/** Share of scans that used an index; null for small tables and those that nobody reads. */
function indexShare({ stats }: TableRow): number | null {
  const scans = (stats?.seq_scan ?? 0) + (stats?.idx_scan ?? 0);
  if (scans === 0 || (stats?.n_live_tup ?? 0) < ROWS_THAT_COUNT) return null;
  return (stats?.idx_scan ?? 0) / scans;
}

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
  headline: (model, rows) => {
    const shown = rows as readonly TableRow[];
    const locked = shown.filter((r) => r.locked).length;
    return [
      span(`database ${model.server?.database ?? ''}`, 'muted'),
      ...(locked > 0 ? [span(`  ${locked} locked: size not asked`, 'warn')] : []),
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
              ['last VACUUM', row.stats.last_vacuum ?? 'never'],
              ['last autovacuum', row.stats.last_autovacuum ?? 'never'],
              ['last ANALYZE', row.stats.last_analyze ?? 'never'],
              ['last autoanalyze', row.stats.last_autoanalyze ?? 'never'],
              ['dead rows / autovacuum threshold', deadRatio(row, model)?.toFixed(2) ?? '-'],
            ] as [string, string][],
          },
        ]
      : []),
  ],
  record: (row, model) => {
    const { stats, oid, exact, ...known } = row;
    return {
      relid: oid,
      ...known,
      total_bytes_exact: exact,
      seq_scan: null,
      idx_scan: null,
      n_live_tup: null,
      n_dead_tup: null,
      ...stats,
      dead_ratio: deadRatio(row, model),
    };
  },
});

export const tablesScreen = defineScreen({ id: 'tables', title: 'Tables', key: '4', panes: [tablesView] });
