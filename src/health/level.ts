import { type LevelsId, type LimitId, THRESHOLDS, type Thresholds } from '../config/thresholds.ts';

export type Level = 'normal' | 'warn' | 'alert' | 'critical';

/** Where a value stands on its scale: beyond `normal` is a warning, then alert, then critical. Unknown is normal. */
export function levelOf(id: LevelsId, value: number | null | undefined, thresholds: Thresholds): Level {
  if (value === null || value === undefined || Number.isNaN(value)) return 'normal';
  const { normal, alert, critical } = thresholds[id];
  const sign = THRESHOLDS[id].worse === 'higher' ? 1 : -1;
  const beyond = (limit: number) => sign * value >= sign * limit;
  if (beyond(critical)) return 'critical';
  if (beyond(alert)) return 'alert';
  return sign * value > sign * normal ? 'warn' : 'normal';
}

/** A limit has one step: beyond it is a warning. */
export function limitLevel(
  id: LimitId,
  value: number | null | undefined,
  thresholds: Thresholds,
  worse: 'higher' | 'lower' = 'higher',
): Level {
  if (value === null || value === undefined || Number.isNaN(value)) return 'normal';
  return (worse === 'higher' ? value >= thresholds[id] : value < thresholds[id]) ? 'warn' : 'normal';
}

/** Rows from which reading a whole table is worth a remark. */
const ROWS_THAT_COUNT = 1000;

/** Share of a table's scans that used an index; null for small tables and those that nobody reads. */
export function indexShare(table: {
  readonly seq_scan: number;
  readonly idx_scan: number | null;
  readonly n_live_tup: number;
}): number | null {
  const scans = table.seq_scan + (table.idx_scan ?? 0);
  return scans === 0 || table.n_live_tup < ROWS_THAT_COUNT ? null : (table.idx_scan ?? 0) / scans;
}

/** Dead rows of a table, of those from which autovacuum vacuums it. */
export function deadRatio({
  dead,
  vacuum_at,
}: {
  readonly dead: number;
  readonly vacuum_at: number;
}): number {
  return dead / Math.max(1, vacuum_at);
}

/** Connections in use, of those that are not reserved. */
export function connectionsLevel(
  summary: { clients: number; max_connections: number; reserved_connections: number } | undefined,
  thresholds: Thresholds,
): Level {
  if (summary === undefined) return 'normal';
  const usable = summary.max_connections - summary.reserved_connections;
  return levelOf('connections_percent', (100 * summary.clients) / usable, thresholds);
}

/** A block read at least this slow came from a disk, not from the operating system's cache. */
const DISK_READ_MS = 0.5;

/**
 * The level of a cache hit ratio (share of 1). A low one is an alarm only if the reads are slow: blocks that the
 * operating system had cached count as reads too.
 */
export function cacheLevel(ratio: number | null, msPerRead: number | null, thresholds: Thresholds): Level {
  if (ratio === null || (msPerRead !== null && msPerRead < DISK_READ_MS)) return 'normal';
  return levelOf('cache_hit_percent', ratio * 100, thresholds);
}
