import { z } from 'zod';
import { type Known, poll } from '../poll.ts';
import { column, defineQuery } from '../query.ts';
import { BLOCK_SIZE, STATS_SINCE, since, sizeNoted } from './fragments.ts';
import { BUILDER, IS_COPY } from './reindex/leftovers.ts';

/*
 * Sizes are relpages, and definitions are never asked for: size functions and pg_get_indexdef() wait behind locks.
 * pg_stat_user_indexes is not joined to anything: the planner takes it for one row and picks nested loops.
 */

const NAMES = 'n.nspname::text AS schemaname, t.relname::text, c.relname::text AS indexrelname';

/** Of pg_class `c`, on the table `t`; an index that is there takes a page at least. */
const EST_BYTES = `CASE WHEN ${sizeNoted('t')} THEN nullif(c.relpages, 0) * ${BLOCK_SIZE} END AS est_bytes`;

/** Whether this role owns the table `t`: only an owner may drop its indexes. */
const OWNED = "pg_has_role(current_user, t.relowner, 'USAGE') AS owned";

const names = {
  indexrelid: z.int(),
  schemaname: z.string(),
  /** The table. */
  relname: z.string(),
  indexrelname: z.string(),
  /** As of the last VACUUM or ANALYZE; null: there was none yet. */
  est_bytes: column.float,
} as const;

const limit = ({ limit }: { limit: number }) => [limit];

function usage(lastScan: string): string {
  return `WITH /* pgdeck */ top AS MATERIALIZED (
  SELECT oid, relname, relpages FROM pg_class WHERE relkind = 'i' AND oid >= 16384
    AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_toast%')
  ORDER BY relpages DESC, oid LIMIT $1::int)
SELECT /* pgdeck */ c.oid AS indexrelid, ${NAMES}, ${EST_BYTES},
  pg_stat_get_numscans(c.oid)::float8 AS idx_scan, ${lastScan} AS last_idx_scan,
  i.indisunique AS is_unique, i.indisprimary AS is_primary
FROM top c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
ORDER BY c.relpages DESC, c.oid`;
}

/** The biggest indexes and how often they were scanned. */
export const indexUsage = defineQuery({
  id: 'indexes.usage',
  variants: [
    { max: 15, sql: usage('NULL::text') },
    { min: 16, sql: usage('pg_stat_get_lastscan(c.oid)::text') },
  ],
  row: z.object({
    ...names,
    /** Since the counters were reset, on this server only: a standby counts its own. */
    idx_scan: z.number(),
    /** 16 and later. */
    last_idx_scan: column.time,
    is_unique: z.boolean(),
    is_primary: z.boolean(),
  }),
  params: limit,
});

const TOAST = "(SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_toast%')";

/**
 * What could be dropped for nobody scans it, of pg_index `i` and pg_class `c`. Left out: indexes that enforce something
 * (those of constraints are unique or of an exclusion), replica identities, and partitions of an index, since those are
 * dropped with their parent only.
 */
const UNUSED = `i.indisvalid AND NOT i.indisunique AND NOT i.indisprimary AND NOT i.indisexclusion AND NOT i.indisreplident
    AND pg_stat_get_numscans(i.indexrelid) = 0
    AND i.indexrelid NOT IN (SELECT inhrelid FROM pg_inherits)`;

/** Indexes without a scan since the counters were reset, the biggest first. */
export const indexUnused = defineQuery({
  id: 'indexes.unused',
  variants: [
    {
      sql: `WITH /* pgdeck */ top AS MATERIALIZED (
  SELECT i.indexrelid, i.indrelid, i.indkey, i.indexprs IS NOT NULL AS has_expressions, c.relname, c.relpages, count(*) OVER ()::int AS of
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid >= 16384 AND c.relkind = 'i' AND c.relnamespace NOT IN ${TOAST} AND ${UNUSED}
  ORDER BY c.relpages DESC, i.indexrelid LIMIT $1::int)
SELECT /* pgdeck */ c.indexrelid, ${NAMES}, ${EST_BYTES}, ${OWNED},
  c.of, pg_stat_get_live_tuples(t.oid)::float8 AS live_rows, c.has_expressions, EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.indrelid AND k.contype = 'f'
    AND (c.indkey::int2[])[0:array_length(k.conkey, 1) - 1] @> k.conkey) AS supports_fk
FROM top c JOIN pg_class t ON t.oid = c.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
ORDER BY c.relpages DESC, c.indexrelid`,
    },
  ],
  row: z.object({
    ...names,
    owned: z.boolean(),
    /** How many there are, listed or not. */
    of: z.int(),
    /** Of the table, as counted. */
    live_rows: z.number(),
    /** ANALYZE makes statistics of its expressions, which serve the planner without a scan of it. */
    has_expressions: z.boolean(),
    /** Its first columns are a foreign key's: deletes in the parent table read it. */
    supports_fk: z.boolean(),
  }),
  params: limit,
});

/**
 * Indexes whose work another index of the table does: the same columns, or for B-trees the first columns of the other,
 * with the same operator classes, collations, options and predicate. Expressions are not compared.
 */
export const indexDuplicate = defineQuery({
  id: 'indexes.duplicate',
  variants: [
    {
      sql: `WITH /* pgdeck */ x AS MATERIALIZED (
  SELECT i.indexrelid, i.indrelid, c.relam, i.indkey::text AS k, i.indclass::text AS cl, i.indcollation::text AS co,
    i.indoption::text AS op, i.indnkeyatts, i.indnatts, coalesce(i.indpred::text, '') AS pr, i.indisunique, c.relname, c.relpages, c.relispartition AS part,
    EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid) AS con
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid >= 16384 AND i.indisvalid AND c.relkind = 'i' AND i.indexprs IS NULL),
pairs AS (
  SELECT DISTINCT ON (a.indexrelid) a.indexrelid, a.indrelid, a.relname, a.relpages,
    b.relname AS kept, b.k = a.k AS exact
  FROM x a JOIN x b ON a.indrelid = b.indrelid AND a.indexrelid <> b.indexrelid AND a.relam = b.relam AND a.pr = b.pr
    AND (b.k = a.k OR b.k LIKE a.k || ' %') AND (b.cl = a.cl OR b.cl LIKE a.cl || ' %')
    AND (b.co = a.co OR b.co LIKE a.co || ' %') AND (b.op = a.op OR b.op LIKE a.op || ' %')
    AND a.indnkeyatts = a.indnatts AND a.indnkeyatts <= b.indnkeyatts
  WHERE NOT a.con AND (NOT a.indisunique OR (a.k = b.k AND b.indisunique))
    -- of two equal ones the older stays, unless only the other enforces something
    AND (b.k <> a.k OR b.con OR b.indisunique > a.indisunique OR (b.indisunique = a.indisunique AND b.indexrelid < a.indexrelid))
    -- a part of the index of a partitioned table stays with that
    AND (NOT a.part OR b.part)
    AND (a.k = b.k OR a.relam = (SELECT oid FROM pg_am WHERE amname = 'btree'))
  ORDER BY a.indexrelid, (b.k = a.k) DESC, b.con DESC, b.indexrelid)
SELECT /* pgdeck */ c.indexrelid, ${NAMES}, ${EST_BYTES}, ${OWNED},
  c.kept::text, c.exact, count(*) OVER ()::int AS of
FROM pairs c JOIN pg_class t ON t.oid = c.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
ORDER BY c.relpages DESC, c.indexrelid LIMIT $1::int`,
    },
  ],
  row: z.object({
    ...names,
    owned: z.boolean(),
    /** How many there are, listed or not. */
    of: z.int(),
    /** The index that stays. */
    kept: z.string(),
    /** False: the other index has further columns behind the same first ones. */
    exact: z.boolean(),
  }),
  params: limit,
});

/** Indexes that take writes and serve no query: what a failed CREATE INDEX or REINDEX CONCURRENTLY leaves behind. */
export const indexInvalid = defineQuery({
  id: 'indexes.invalid',
  variants: [
    {
      sql: `SELECT /* pgdeck */ i.indexrelid, ${NAMES}, ${EST_BYTES}, c.relkind = 'I' AS partitioned,
  n.nspname = 'pg_toast' AS toast, i.indislive AS live, i.indisunique AS is_unique, ${IS_COPY} AS copy,
  pg_has_role(current_user, c.relowner, 'USAGE') AS owned, b.pid IS NOT NULL AS building
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
${BUILDER}
WHERE NOT i.indisvalid OR NOT i.indisready OR NOT i.indislive
ORDER BY c.relpages DESC, i.indexrelid`,
    },
  ],
  row: z.object({
    ...names,
    /** The index of a partitioned table: invalid while a partition has none that is attached to it. */
    partitioned: z.boolean(),
    toast: z.boolean(),
    /** False: it was being dropped. */
    live: z.boolean(),
    is_unique: z.boolean(),
    /** By its name a copy of REINDEX CONCURRENTLY, and the table has another index of the same definition. */
    copy: z.boolean(),
    owned: z.boolean(),
    /** Somebody seems to be building it now: not to be called a leftover. */
    building: z.boolean(),
  }),
});

export const indexCounts = defineQuery({
  id: 'indexes.counts',
  variants: [
    {
      sql: `SELECT /* pgdeck */ count(*) FILTER (WHERE listed OR invalid)::int AS indexes, count(*) FILTER (WHERE invalid)::int AS invalid,
  count(*) FILTER (WHERE listed AND unused)::int AS unused,
  coalesce(sum(relpages) FILTER (WHERE listed AND unused), 0) * ${BLOCK_SIZE} AS unused_bytes,
  max(s.since)::text AS stats_since, ${since('max(s.since)')} AS stats_seconds
FROM (SELECT ${STATS_SINCE} AS since) s
LEFT JOIN (SELECT c.relpages, NOT (i.indisvalid AND i.indisready AND i.indislive) AS invalid,
    i.indrelid >= 16384 AND c.relkind = 'i' AND c.relnamespace NOT IN ${TOAST} AS listed, ${UNUSED} AS unused
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid) i ON true`,
    },
  ],
  row: z.object({
    indexes: z.int(),
    invalid: z.int(),
    /** As many as {@link indexUnused} lists. */
    unused: z.int(),
    unused_bytes: z.number(),
    /** Since when scans are counted at the latest; null: not known. */
    stats_since: column.time,
    stats_seconds: column.float,
  }),
});

/** The tables of which scans without an index have read the most rows, with the scans of their indexes. */
export const indexShareOfTables = defineQuery({
  id: 'indexes.share',
  variants: [
    {
      sql: `WITH /* pgdeck */ top AS MATERIALIZED (
  SELECT * FROM (SELECT oid, relname, relnamespace, pg_stat_get_numscans(oid)::float8 AS seq_scan,
      pg_stat_get_tuples_returned(oid)::float8 AS seq_tup_read FROM pg_class WHERE relkind IN ('r', 'm') AND oid >= 16384 OFFSET 0) c
  WHERE seq_scan > 0 ORDER BY seq_tup_read DESC, oid LIMIT $1::int)
SELECT /* pgdeck */ n.nspname::text AS schemaname, c.relname::text, c.seq_scan, c.seq_tup_read, pg_stat_get_live_tuples(c.oid)::float8 AS n_live_tup,
  (SELECT sum(pg_stat_get_numscans(i.indexrelid)) FROM pg_index i WHERE i.indrelid = c.oid)::float8 AS idx_scan
FROM top c JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY c.seq_tup_read DESC, c.oid`,
    },
  ],
  row: z.object({
    schemaname: z.string(),
    relname: z.string(),
    seq_scan: z.number(),
    seq_tup_read: z.number(),
    n_live_tup: z.number(),
    /** Null for a table without indexes. */
    idx_scan: column.float,
  }),
  params: limit,
});

const ofIndexLimit = { input: ({ wants }: Known) => ({ limit: wants.indexLimit }) };

export const indexUsagePoll = poll('slow', 'slow', indexUsage, ofIndexLimit);
export const indexUnusedPoll = poll('slow', 'slow', indexUnused, ofIndexLimit);
export const indexInvalidPoll = poll('slow', 'slow', indexInvalid);
export const indexCountsPoll = poll('slow', 'slow', indexCounts);
/** For who looks for a fault and not at a list: it is one for longer than minutes. */
export const indexInvalidRarePoll = poll('slow', 'rare', indexInvalid);
export const indexUnusedRarePoll = poll('slow', 'rare', indexUnused, ofIndexLimit);
export const indexSharePoll = poll('slow', 'rare', indexShareOfTables, ofIndexLimit);
export const indexDuplicatePoll = poll('slow', 'rare', indexDuplicate, ofIndexLimit);
