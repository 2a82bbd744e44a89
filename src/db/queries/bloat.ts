import { z } from 'zod';

/*
 * What the estimates of tables and of indexes have in common. Each has a common table expression with the columns
 * `relpages`, `bs` (block size), `room` (bytes of a page for entries), `tup` (bytes of an entry), `widest` (bytes of the
 * widest there can be), `air` (pages that are not needed) and `doubt`.
 */

export const BLOAT_REASONS = [
  'rights',
  'row_security',
  'no_statistics',
  'no_date',
  'old',
  'dedup',
  'partial',
] as const;
/**
 * Why bloat cannot be estimated. `old`: so much was changed since ANALYZE that the widths may be others; `dedup`: equal
 * keys are stored once; `partial`: the statistics are of all rows, and not of those in the index.
 */
export type BloatUnknown = (typeof BLOAT_REASONS)[number];

export const bloatUnknownColumn = z.enum(BLOAT_REASONS).nullable();

/**
 * What ANALYZE noted of a column. OFFSET keeps the planner, who expects one row of many, from making all of the view: a
 * hundred milliseconds with 1,000 tables.
 */
export function statisticsOf(schema: string, relation: string, column: string): string {
  return `SELECT attname, null_frac, avg_width, n_distinct FROM pg_stats
    WHERE schemaname = ${schema} AND tablename = ${relation} AND attname = ${column} AND NOT inherited OFFSET 0`;
}

/** Bytes that alignment puts before column `a`, of all columns of `key` in their order: pg_type.typalign. */
export function bloatPadding(a: string, key: string): string {
  const bytes = `CASE ${a}.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2 ELSE 1 END`;
  const window = `OVER (PARTITION BY ${key} ORDER BY ${a}.attnum)`;
  // where the column before ends: anywhere behind one of variable length, else at a multiple of its own size
  const after = `coalesce(lag(CASE WHEN ${a}.attlen < 1 THEN 0 WHEN ${a}.attlen % 8 = 0 THEN ${bytes} WHEN ${a}.attlen % 4 = 0 THEN least(4, ${bytes})
      WHEN ${a}.attlen % 2 = 0 THEN least(2, ${bytes}) ELSE 1 END) ${window}, 8)`;
  return `CASE WHEN ${a}.attlen < 1 THEN 0 WHEN ${after} = 0 THEN (${bytes} - 1) / 2.0 ELSE greatest(0, ${bytes} - ${after}) END`;
}

/** Bytes of `data` rounded up to 8: all alike, or anywhere in between where some are without a value, as `nulls` tells. */
export const BLOAT_ALIGNED = 'CASE WHEN nulls > 0.05 THEN data + 3.5 ELSE (ceil(data)::int + 7) / 8 * 8 END';

/**
 * Pages that could be full for rows of table `oid` that were widened since ANALYZE: as many of its `rows` as were changed,
 * each as wide as can be. Of `entries` at most, where an index has fewer.
 */
export function bloatDoubt(oid: string, rows: string, entries: string): string {
  return `least(pg_stat_get_mod_since_analyze(${oid}), ${rows}, ${entries}) * greatest(0, widest - tup) / room`;
}

/**
 * Whether the statistics of table `oid` can be believed, as a {@link BloatUnknown} or NULL. VACUUM brings pages and rows
 * up to date and leaves the widths as ANALYZE found them, so rows that were widened since look like empty space. Above
 * what autovacuum allows by default (50 rows and a tenth of the table) they are old, and before that where the changed
 * rows alone, were they as wide as can be, would be half of what looks empty; where the counter was lost in a crash or
 * reset, nobody knows.
 */
export function bloatUnknown(oid: string, rows: string): string {
  return `CASE WHEN NOT readable THEN 'rights' WHEN row_security_active(${oid}) THEN 'row_security'
    WHEN NOT complete THEN 'no_statistics'
    WHEN coalesce(pg_stat_get_last_analyze_time(${oid}), pg_stat_get_last_autoanalyze_time(${oid})) IS NULL THEN 'no_date'
    WHEN pg_stat_get_mod_since_analyze(${oid}) > 50 + 0.1 * ${rows} OR (air > 0.1 * relpages AND doubt > 0.5 * air) THEN 'old' END`;
}

/** The figures, read from a common table expression that has `unknown` too. */
export const BLOAT_SHAPES = `CASE WHEN unknown IS NULL THEN (air * bs)::float8 END AS bloat_bytes,
  CASE WHEN unknown IS NULL THEN (air / relpages)::float8 END AS bloat_share, unknown`;

/** Whether this role may maintain the relation of pg_class `c`. */
export function mayMaintain(major: 13 | 17, c: string): string {
  const owner = `pg_has_role(current_user, ${c}.relowner, 'USAGE')`;
  return major >= 17 ? `(${owner} OR has_table_privilege(${c}.oid, 'MAINTAIN'))` : owner;
}
