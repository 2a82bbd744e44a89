import { z } from 'zod';
import { collected, type Known, poll } from '../poll.ts';
import { column, defineQuery } from '../query.ts';
import { BLOCK_SIZE, LOCKED_RELATIONS, STATS_SINCE, since, sizeNoted } from './fragments.ts';
import { judgedByAutovacuum, type Major } from './maintain/tables.ts';

/**
 * The biggest tables by the sizes that VACUUM and ANALYZE noted: no lock, no file system call. Keeps the biggest
 * relations of any kind in one pass over pg_class and maps indexes and TOAST to their tables.
 */
export const tableSizes = defineQuery({
  id: 'relations.sizes',
  variants: [
    {
      sql: `WITH /* pgdeck */ top AS MATERIALIZED (
  SELECT oid, relkind FROM pg_class WHERE relkind IN ('r','m','i','t') AND oid >= 16384
    -- a table that was never vacuumed or is empty has 0 pages
    AND (relpages > 0 OR relkind IN ('r','m'))
  ORDER BY CASE WHEN relpages > 0 THEN relpages ELSE pg_stat_get_live_tuples(oid) * 100 / 8192 END DESC LIMIT 4 * $1::int),
seen AS MATERIALIZED (
  SELECT oid FROM top WHERE relkind <> 'i'
  UNION SELECT i.indrelid FROM top t JOIN pg_index i ON i.indexrelid = t.oid WHERE t.relkind = 'i'),
own AS MATERIALIZED (
  SELECT oid FROM seen
  -- the table of a TOAST table: reltoastrelid has no index, what depends on what has one
  UNION SELECT d.refobjid FROM seen s JOIN pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = s.oid
    AND d.objsubid = 0 AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'i')
SELECT /* pgdeck */ c.oid, n.nspname::text AS schemaname, c.relname::text,
  (c.relpages + coalesce(x.pages, 0) + coalesce(t.relpages, 0)) * b.bs AS est_total_bytes,
  c.relpages * b.bs AS est_heap_bytes, coalesce(x.pages, 0) * b.bs AS est_index_bytes,
  ${sizeNoted('c')} AS sized,
  -- reltuples is unknown at -1, and before 14 at 0 with no pages: the counter of live rows is the next best
  coalesce(CASE WHEN c.reltuples > 0 OR (c.reltuples = 0 AND c.relpages > 0) THEN c.reltuples::float8 END,
    nullif(pg_stat_get_live_tuples(c.oid), 0)::float8) AS est_rows
-- OFFSET keeps the planner, who expects thousands of rows in own, from reading all of pg_class again
FROM own CROSS JOIN LATERAL (SELECT * FROM pg_class WHERE oid = own.oid AND relkind IN ('r','m') OFFSET 0) c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN (SELECT ${BLOCK_SIZE} AS bs) b
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
LEFT JOIN LATERAL (SELECT sum(k.relpages)::float8 AS pages
  FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid WHERE i.indrelid = c.oid) x ON true
-- a table without pages takes its place by its rows, at 100 bytes each
ORDER BY CASE WHEN c.relpages = 0 THEN pg_stat_get_live_tuples(c.oid) * 100.0 ELSE 0 END
  + (c.relpages + coalesce(x.pages, 0) + coalesce(t.relpages, 0)) * b.bs DESC, c.oid
LIMIT $1::int`,
    },
  ],
  row: z.object({
    oid: z.int(),
    schemaname: z.string(),
    relname: z.string(),
    /** All sizes here are as of the last VACUUM or ANALYZE; see {@link tableExactSizes}. */
    est_total_bytes: z.number(),
    est_heap_bytes: z.number(),
    est_index_bytes: z.number(),
    /** False: neither VACUUM nor ANALYZE has noted a size yet, and these say nothing. */
    sized: z.boolean(),
    est_rows: column.float,
  }),
  params: ({ limit }: { limit: number }) => [limit],
});

/** How many tables {@link tableSizes} would list without a limit, and since when what happens to them is counted. */
export const tableCount = defineQuery({
  id: 'relations.count',
  variants: [
    {
      sql: `SELECT /* pgdeck */ t.tables, s.since::text AS stats_since, ${since('s.since')} AS stats_seconds
FROM (SELECT count(*)::int AS tables FROM pg_class WHERE relkind IN ('r','m') AND oid >= 16384) t, (SELECT ${STATS_SINCE} AS since) s`,
    },
  ],
  row: z.object({
    tables: z.int(),
    /** Null: not known. */
    stats_since: column.time,
    stats_seconds: column.float,
  }),
});

/**
 * Sizes on disk of the tables named. A size function waits behind an AccessExclusiveLock that is held or only awaited,
 * so such tables are left out (`busy`).
 */
export const tableExactSizes = defineQuery({
  id: 'relations.exact_sizes',
  variants: [
    {
      sql: `WITH /* pgdeck */ locked AS MATERIALIZED (
  ${LOCKED_RELATIONS}),
asked AS MATERIALIZED (
  SELECT o.oid, EXISTS (SELECT 1 FROM locked l WHERE l.relation IN (o.oid, c.reltoastrelid)
      OR l.relation IN (SELECT indexrelid FROM pg_index WHERE indrelid IN (o.oid, c.reltoastrelid))) AS busy
  FROM unnest($1::oid[]) AS o(oid) LEFT JOIN pg_class c ON c.oid = o.oid)
SELECT /* pgdeck */ oid, CASE WHEN NOT busy THEN pg_total_relation_size(oid) END::float8 AS total_bytes,
  CASE WHEN NOT busy THEN pg_table_size(oid) END::float8 AS table_bytes,
  CASE WHEN NOT busy THEN pg_indexes_size(oid) END::float8 AS index_bytes, busy
FROM asked`,
    },
  ],
  row: z.object({
    oid: z.int(),
    /** Null when busy, or when the table is gone. */
    total_bytes: column.float,
    /** Heap, TOAST, free space and visibility maps. */
    table_bytes: column.float,
    index_bytes: column.float,
    busy: z.boolean(),
  }),
  params: ({ oids }: { oids: readonly number[] }) => [oids],
});

function stats(major: Major, scans: string): string {
  return `WITH /* pgdeck */ ${judgedByAutovacuum(major, 'c.oid = ANY ($1::oid[])')}
SELECT /* pgdeck */ s.relid, s.schemaname::text, s.relname::text, seq_scan::float8, seq_tup_read::float8, idx_scan::float8,
  idx_tup_fetch::float8, n_tup_ins::float8, n_tup_upd::float8, n_tup_del::float8, n_tup_hot_upd::float8, n_live_tup::float8,
  n_dead_tup::float8, m.vacuum_at, n_mod_since_analyze::float8, n_ins_since_vacuum::float8,
  last_vacuum::text, last_autovacuum::text, last_analyze::text, last_autoanalyze::text,
  ${since('greatest(last_vacuum, last_autovacuum)')} AS vacuum_age_seconds,
  ${since('greatest(last_analyze, last_autoanalyze)')} AS analyze_age_seconds,
  vacuum_count::float8, autovacuum_count::float8, ${scans}
FROM pg_stat_all_tables s JOIN m ON m.oid = s.relid WHERE s.relid = ANY ($1::oid[])`;
}

const NO_SCANS = 'NULL::text AS last_seq_scan, NULL::text AS last_idx_scan';
const SCANS = 'last_seq_scan::text, last_idx_scan::text';

/** The counters of exactly the tables named. The whole view takes 100 ms at 10,000 tables, its rows by oid do not. */
export const tableStats = defineQuery({
  id: 'relations.stats',
  variants: [
    { max: 15, sql: stats(13, NO_SCANS) },
    { min: 16, max: 16, sql: stats(13, SCANS) },
    { min: 17, max: 17, sql: stats(17, SCANS) },
    { min: 18, sql: stats(18, SCANS) },
  ],
  row: z.object({
    relid: z.int(),
    schemaname: z.string(),
    relname: z.string(),
    seq_scan: z.number(),
    seq_tup_read: z.number(),
    /** Null for a table without indexes. */
    idx_scan: column.float,
    idx_tup_fetch: column.float,
    n_tup_ins: z.number(),
    n_tup_upd: z.number(),
    n_tup_del: z.number(),
    n_tup_hot_upd: z.number(),
    n_live_tup: z.number(),
    n_dead_tup: z.number(),
    /** Dead rows above which autovacuum vacuums it. */
    vacuum_at: z.number(),
    n_mod_since_analyze: z.number(),
    n_ins_since_vacuum: z.number(),
    last_vacuum: column.time,
    last_autovacuum: column.time,
    last_analyze: column.time,
    last_autoanalyze: column.time,
    /** Since the later of last_vacuum and last_autovacuum; null: never. */
    vacuum_age_seconds: column.float,
    analyze_age_seconds: column.float,
    vacuum_count: z.number(),
    autovacuum_count: z.number(),
    last_seq_scan: column.time,
    last_idx_scan: column.time,
  }),
  params: ({ oids }: { oids: readonly number[] }) => [oids],
});

/** The tables with the most dead rows. */
export const tableDead = defineQuery({
  id: 'relations.dead',
  variants: [
    {
      // the view would join and group every table before the limit
      sql: `SELECT /* pgdeck */ oid AS relid, dead AS n_dead_tup
FROM (SELECT oid, pg_stat_get_dead_tuples(oid)::float8 AS dead FROM pg_class WHERE relkind IN ('r','m') AND oid >= 16384) t
WHERE dead > 0 ORDER BY dead DESC, oid LIMIT $1::int`,
    },
  ],
  row: z.object({ relid: z.int(), n_dead_tup: z.number() }),
  params: ({ limit }: { limit: number }) => [limit],
});

const ofTableLimit = ({ wants }: Known) => ({ limit: wants.tableLimit });

export const tableCountPoll = poll('slow', 'slow', tableCount);
export const tableSizesPoll = poll('slow', 'slow', tableSizes, { input: ofTableLimit });
/** For who looks for a fault and not at a list. */
export const tableSizesRarePoll = poll('slow', 'rare', tableSizes, { input: ofTableLimit });
export const tableDeadPoll = poll('slow', 'slow', tableDead, { input: ofTableLimit });

const rankedTables = ({ rows }: Known): number[] => [
  ...new Set([...rows(tableSizesPoll).map((t) => t.oid), ...rows(tableDeadPoll).map((t) => t.relid)]),
];
const shownTables = (known: Known) => known.wants.shownTables ?? rankedTables(known);

export const tableExactPoll = poll('slow', 'slow', tableExactSizes, {
  input: (known) => ({ oids: shownTables(known) }),
  after: [tableSizesPoll, tableDeadPoll],
  when: (known) => shownTables(known).length > 0,
  merge: (before, after, rows) =>
    collected(before, after, (row) => row.oid, new Set(rows(tableSizesPoll).map((row) => row.oid))),
});

export const tableStatsPoll = poll('slow', 'slow', tableStats, {
  input: (known) => ({ oids: rankedTables(known) }),
  after: [tableSizesPoll, tableDeadPoll],
  when: (known) => rankedTables(known).length > 0,
});

/** Tables that other programs are told of: so many, whatever is on a screen. */
export const LARGEST_TABLES = 50;

export const largestTablesPoll = poll('slow', 'slow', tableSizes, {
  input: () => ({ limit: LARGEST_TABLES }),
});

const largestTables = ({ rows }: Known): number[] => rows(largestTablesPoll).map(({ oid }) => oid);
const ofLargest = {
  input: (known: Known) => ({ oids: largestTables(known) }),
  after: [largestTablesPoll],
  when: (known: Known) => largestTables(known).length > 0,
};

export const largestSizesPoll = poll('slow', 'slow', tableExactSizes, ofLargest);
export const largestStatsPoll = poll('slow', 'slow', tableStats, ofLargest);
