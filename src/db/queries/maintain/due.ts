import { z } from 'zod';
import { type Known, poll } from '../../poll.ts';
import { column, defineQuery, type RowOf } from '../../query.ts';
import { CURRENT_DATABASE_OID, STATS_SINCE, since } from '../fragments.ts';
import { judgedByAutovacuum, MAINTAIN_COLUMNS, MAINTAINED, type Major, maintainColumns } from './tables.ts';

/** Fewer dead or changed rows are nobody's trouble, whatever their share: autovacuum comes to them within a minute. */
export const FEW_ROWS = 1000;

/** What only the counters could tell, were they not lost: there are rows, and nothing that was ever done to them. */
const LOST = `kind <> 'p' AND NOT system AND rows >= ${FEW_ROWS} AND dead = 0 AND ins = 0 AND mods = 0
    AND pg_stat_get_live_tuples(oid) = 0 AND pg_stat_get_last_analyze_time(oid) IS NULL AND pg_stat_get_last_autoanalyze_time(oid) IS NULL
    AND pg_stat_get_last_vacuum_time(oid) IS NULL AND pg_stat_get_last_autovacuum_time(oid) IS NULL`;

/** From 14 on it is noted of a partitioned table too; autovacuum never analyses one. */
const UNSEEN_PARENT = `kind = 'p' AND never_counted AND pg_stat_get_last_analyze_time(oid) IS NULL
    AND EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhparent = m.oid AND pg_stat_get_live_tuples(h.inhrelid) >= ${FEW_ROWS})`;

/** VACUUM FULL and REINDEX are not told by these views; the locks of those show in other places. */
const running = (view: string) =>
  `EXISTS (SELECT 1 FROM ${view} p WHERE p.relid = oid AND p.datid = ${CURRENT_DATABASE_OID})`;

const due = (major: Major) => `WITH /* pgdeck */ ${judgedByAutovacuum(major, MAINTAINED)},
f AS MATERIALIZED (
  SELECT *, dead > vacuum_at AND dead >= ${FEW_ROWS} AS dirty, mods > analyze_at AND mods >= ${FEW_ROWS} AND NOT system AS stale,
    kind <> 'p' AND NOT (enabled AND toast_enabled) AS off, ${LOST} AS lost, ${UNSEEN_PARENT} AS unseen
  FROM m),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY dirty ORDER BY dead / greatest(vacuum_at, 1) DESC, oid) AS by_dead,
    row_number() OVER (PARTITION BY stale ORDER BY mods / greatest(analyze_at, 1) DESC, oid) AS by_mods,
    row_number() OVER (PARTITION BY off, lost, unseen ORDER BY rows DESC, oid) AS by_rows, count(*) FILTER (WHERE lost) OVER ()::int AS lost_tables,
    count(*) FILTER (WHERE dirty) OVER ()::int AS dirty_tables, count(*) FILTER (WHERE stale) OVER ()::int AS stale_tables,
    count(*) FILTER (WHERE off) OVER ()::int AS off_tables, count(*) FILTER (WHERE unseen) OVER ()::int AS unseen_tables
  FROM f WHERE dirty OR stale OR off OR lost OR unseen)
SELECT /* pgdeck */ ${MAINTAIN_COLUMNS}, dirty, stale, toast_enabled, off, lost, unseen, lost_tables, dirty_tables, stale_tables, off_tables, unseen_tables,
  ${running('pg_stat_progress_vacuum')} AS vacuuming, ${running('pg_stat_progress_analyze')} AS analyzing
FROM ranked m WHERE (dirty AND by_dead <= $1::int) OR (stale AND by_mods <= $1::int) OR ((off OR lost OR unseen) AND by_rows <= $1::int)
ORDER BY dead / greatest(vacuum_at, 1) DESC, oid`;

/**
 * Of {@link file://./tables.ts the tables that can be maintained} those with which something is wrong, of each kind so
 * many: past a threshold of autovacuum, switched off for it, or with counters that were lost.
 */
export const maintainDue = defineQuery({
  id: 'maintain.due',
  variants: [
    { max: 16, sql: due(13) },
    { min: 17, max: 17, sql: due(17) },
    { min: 18, sql: due(18) },
  ],
  row: z
    .object({
      ...maintainColumns,
      /** More dead rows than autovacuum waits for, and not a few. */
      dirty: z.boolean(),
      /** More rows changed since ANALYZE than autovacuum waits for, and not a few. */
      stale: z.boolean(),
      /** Autovacuum is not switched off for its TOAST table. */
      toast_enabled: z.boolean(),
      /** Autovacuum is switched off for it or its TOAST table. */
      off: z.boolean(),
      /** It has rows, and no counter knows of them: after a crash, a reset, a copy of the database. */
      lost: z.boolean(),
      /** A partitioned table that was never analysed; unknown before 14. */
      unseen: z.boolean(),
      /** Tables of which the counters were lost, listed or not. */
      lost_tables: z.int(),
      /** Of those that are dirty, stale, off and unseen, all. */
      dirty_tables: z.int(),
      stale_tables: z.int(),
      off_tables: z.int(),
      unseen_tables: z.int(),
      /** Somebody vacuums it now. */
      vacuuming: z.boolean(),
      analyzing: z.boolean(),
    })
    .omit({ freeze_max_age: true }),
  params: ({ limit }: { limit: number }) => [limit],
});
export type DueTable = RowOf<typeof maintainDue>;

/** How autovacuum is set for the server, and since when what it decides by is counted. */
export const autovacuum = defineQuery({
  id: 'maintain.autovacuum',
  variants: [
    {
      sql: `SELECT /* pgdeck */ v.autovacuum, v.track_counts, ${since('s.since')} AS stats_seconds, s.since::text AS stats_since,
  date_part('epoch', current_setting('autovacuum_naptime')::interval) AS naptime_seconds,
  -- the view costs a millisecond
  CASE WHEN NOT (v.autovacuum AND v.track_counts) THEN (SELECT bool_or(source = 'command line') FROM pg_settings
    WHERE name IN ('autovacuum', 'track_counts') AND NOT setting::bool) ELSE false END AS by_command_line
FROM (SELECT current_setting('autovacuum')::bool AS autovacuum, current_setting('track_counts')::bool AS track_counts) v,
  (SELECT ${STATS_SINCE} AS since) s`,
    },
  ],
  row: z.object({
    autovacuum: z.boolean(),
    /** Without it nothing is counted, and autovacuum does nothing. */
    track_counts: z.boolean(),
    /** Null: not known. */
    stats_seconds: column.float,
    stats_since: column.time,
    /** Between two looks of autovacuum at a database. */
    naptime_seconds: z.number(),
    /** What is off is so by an argument of the server's start, which no ALTER SYSTEM changes. */
    by_command_line: z.boolean(),
  }),
});
export type AutovacuumRow = RowOf<typeof autovacuum>;

// what is due is so for longer than minutes where each of 10,000 tables is looked at; a few are looked at more often
export const maintainDuePoll = poll('slow', 'rare', maintainDue, {
  brisk: true,
  input: ({ wants }: Known) => ({ limit: wants.tableLimit }),
});
export const autovacuumPoll = poll('slow', 'slow', autovacuum);
