import {
  tableExactPoll,
  tableSizesPoll,
  type tableStats,
  tableStatsPoll,
} from '../../db/queries/relations.ts';
import type { RowOf } from '../../db/query.ts';
import type { Model } from '../core/model.ts';

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
  /**
   * Live rows: as counted; by the estimate of the last VACUUM or ANALYZE where the counters began anew after it and know
   * only what has changed since.
   */
  readonly rows: number | null;
  readonly rows_counted: boolean;
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
      total_bytes: known ? size.total_bytes : r.sized ? r.est_total_bytes : null,
      table_bytes: known ? size.table_bytes : r.sized ? r.est_heap_bytes : null,
      index_bytes: known ? size.index_bytes : r.sized ? r.est_index_bytes : null,
      exact: known,
      locked: size?.busy === true,
      est_rows: r.est_rows,
      ...liveRows(stats.get(r.oid), r.est_rows),
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
        ...liveRows(s, null),
        stats: s,
      };
    }),
  ];
}

function liveRows(
  stats: RowOf<typeof tableStats> | undefined,
  estimate: number | null,
): Pick<TableRow, 'rows' | 'rows_counted'> {
  const counted = stats?.n_live_tup ?? null;
  const whole = stats !== undefined && (stats.vacuum_age_seconds ?? stats.analyze_age_seconds) !== null;
  if (whole || estimate === null || estimate <= (counted ?? -1)) return { rows: counted, rows_counted: true };
  return { rows: estimate, rows_counted: false };
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
