import { z } from 'zod';
import { type Known, poll } from '../poll.ts';
import { column, defineQuery, type RowOf } from '../query.ts';
import { BLOCK_SIZE, sizeNoted } from './fragments.ts';

/** Below this a table is read as fast without an index. */
const FEW_ROWS = 1000;

/**
 * An index by which the rows of a key are found: it begins with the key's columns, in any order, and has all rows that
 * refer to something. `WHERE column IS NOT NULL` has; the text of the predicate is not asked for, since that waits
 * behind locks.
 */
const HAS_INDEX = `EXISTS (SELECT 1 FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am a ON a.oid = x.relam
  WHERE i.indrelid = k.conrelid AND i.indisvalid AND a.amname IN ('btree', 'hash', 'gist', 'spgist') AND i.indnkeyatts >= array_length(k.conkey, 1)
    AND (i.indkey::int2[])[0:array_length(k.conkey, 1) - 1] @> k.conkey
    AND (i.indpred IS NULL OR substring(i.indpred::text FROM '^\\{NULLTEST :arg \\{VAR :varno 1 :varattno (\\d+) [^{}]*\\} :nulltesttype 1 ')::int2 = ANY (k.conkey)))`;

const unindexed = (enforced: string) => `WITH /* pgdeck */ lacking AS MATERIALIZED (
  SELECT DISTINCT ON (r.root, k.columns) k.*, r.root
  FROM (SELECT k.oid, k.conname, k.conrelid, k.confrelid, k.confdeltype, k.conkey, k.conparentid, (SELECT array_agg(a.attname::text ORDER BY o.ord)
      FROM unnest(k.conkey) WITH ORDINALITY o (att, ord) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.att) AS columns
    FROM pg_constraint k WHERE k.contype = 'f' AND k.conrelid >= 16384${enforced} AND NOT ${HAS_INDEX}) k
  -- what refers is a table or a partition: an index on each partition serves as well as one on all of them
  JOIN pg_class c ON c.oid = k.conrelid AND c.relkind = 'r'
  CROSS JOIN LATERAL (SELECT CASE WHEN c.relispartition THEN pg_partition_root(k.conrelid)::oid ELSE k.conrelid END AS root) r
  WHERE c.reltuples >= ${FEW_ROWS} OR pg_stat_get_live_tuples(c.oid) >= ${FEW_ROWS}
  -- a key that refers to a partitioned table is there for each of its partitions again: the first is the one that was made
  ORDER BY r.root, k.columns, k.conparentid, k.oid)
SELECT /* pgdeck */ l.conname::text, n.nspname::text AS schemaname, t.relname::text, t.relkind = 'p' AS partitioned, pg_has_role(current_user, t.relowner, 'USAGE') AS owned, l.columns,
  fn.nspname::text AS parent_schema, f.relname::text AS parent, l.confdeltype::text AS on_delete,
  CASE WHEN c.reltuples > 0 THEN c.reltuples ELSE pg_stat_get_live_tuples(c.oid) END::float8 AS est_rows, CASE WHEN ${sizeNoted('c')} THEN c.relpages * ${BLOCK_SIZE} END AS est_bytes,
  count(*) OVER ()::int AS of,
  d.deletes AS parent_deletes, EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = l.conrelid AND i.indisvalid AND i.indpred IS NULL
    AND i.indkey[0] = ANY (l.conkey)) AS partly
FROM lacking l JOIN pg_class c ON c.oid = l.conrelid JOIN pg_class t ON t.oid = l.root JOIN pg_namespace n ON n.oid = t.relnamespace
JOIN pg_class f ON f.oid = l.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
CROSS JOIN LATERAL (SELECT CASE WHEN f.relkind = 'p' THEN (SELECT sum(pg_stat_get_tuples_deleted(relid)) FROM pg_partition_tree(f.oid))
  ELSE pg_stat_get_tuples_deleted(f.oid) END::float8 AS deletes) d
ORDER BY d.deletes > 0 DESC, est_rows DESC, l.oid LIMIT $1::int`;

/** Foreign keys of tables with more than a few rows whose columns no index finds. */
export const foreignKeyUnindexed = defineQuery({
  id: 'foreign_keys.unindexed',
  variants: [
    { max: 17, sql: unindexed('') },
    { min: 18, sql: unindexed(' AND k.conenforced') },
  ],
  row: z.object({
    conname: z.string(),
    /** The table that refers; of partitions, the one that they belong to. */
    schemaname: z.string(),
    relname: z.string(),
    partitioned: z.boolean(),
    /** Only its owner may create an index on it. */
    owned: z.boolean(),
    columns: z.array(z.string()),
    parent_schema: z.string(),
    parent: z.string(),
    /** `a` NO ACTION, `r` RESTRICT, `c` CASCADE, `n` SET NULL, `d` SET DEFAULT. */
    on_delete: z.enum(['a', 'r', 'c', 'n', 'd']),
    /** Of the table, or of the partition that lacks an index. */
    est_rows: column.float,
    /** Null where neither VACUUM nor ANALYZE has noted it yet. */
    est_bytes: column.float,
    /** How many such keys there are, listed or not. */
    of: z.int(),
    /** Rows deleted from the parent since the counters began. */
    parent_deletes: z.number(),
    /** An index begins with one of several columns: it may find few enough rows. */
    partly: z.boolean(),
  }),
  params: ({ limit }: { limit: number }) => [limit],
});
export type UnindexedKey = RowOf<typeof foreignKeyUnindexed>;

export const foreignKeyUnindexedPoll = poll('slow', 'rare', foreignKeyUnindexed, {
  input: ({ wants }: Known) => ({ limit: wants.tableLimit }),
});

const notValid = (
  enforced: string,
) => `SELECT /* pgdeck */ k.conname::text, n.nspname::text AS schemaname, c.relname::text,
  fn.nspname::text AS parent_schema, f.relname::text AS parent,
  (SELECT array_agg(a.attname::text ORDER BY o.ord) FROM unnest(k.conkey) WITH ORDINALITY o (att, ord)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.att) AS columns,
  pg_has_role(current_user, c.relowner, 'USAGE') AS may, count(*) OVER ()::int AS of
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
-- those of partitions are their parent's
WHERE k.contype = 'f' AND NOT k.convalidated AND k.conparentid = 0 AND c.relpersistence <> 't'${enforced}
ORDER BY greatest(c.reltuples, 0) DESC, k.oid LIMIT $1::int`;

/** Foreign keys whose rows nobody has checked. One that is NOT ENFORCED, from 18 on, is not to be checked. */
export const foreignKeyNotValid = defineQuery({
  id: 'foreign_keys.not_valid',
  variants: [
    { max: 17, sql: notValid('') },
    { min: 18, sql: notValid(' AND k.conenforced') },
  ],
  row: z.object({
    conname: z.string(),
    schemaname: z.string(),
    relname: z.string(),
    parent_schema: z.string(),
    parent: z.string(),
    columns: z.array(z.string()),
    /** This role owns the table. */
    may: z.boolean(),
    /** How many such keys there are, listed or not. */
    of: z.int(),
  }),
  params: ({ limit }: { limit: number }) => [limit],
});
export type NotValidKey = RowOf<typeof foreignKeyNotValid>;

export const foreignKeyNotValidPoll = poll('slow', 'rare', foreignKeyNotValid, {
  input: ({ wants }: Known) => ({ limit: wants.tableLimit }),
});
