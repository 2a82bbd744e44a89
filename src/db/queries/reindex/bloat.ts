import { z } from 'zod';
import { type Known, poll } from '../../poll.ts';
import { column, defineQuery, type RowOf } from '../../query.ts';
import {
  BLOAT_ALIGNED,
  BLOAT_SHAPES,
  bloatDoubt,
  bloatPadding,
  bloatUnknown,
  bloatUnknownColumn,
  mayMaintain,
  statisticsOf,
} from '../bloat.ts';
import { BLOCK_SIZE } from '../fragments.ts';

/** A key is no wider: three have to fit on a page. */
const WIDEST = 2712;
/** With more entries of a key than this, storing equal ones once makes the index smaller than its entries. */
const FEW_EQUAL = 1.2;
/** numeric, float4, float8 and jsonb: equal ones may look different, and each is stored. */
const NEVER_STORED_ONCE = '1700, 700, 701, 3802';

const indexes = (major: 13 | 17) => `WITH /* pgdeck */ big AS MATERIALIZED (
  SELECT count(*) OVER ()::int AS of, c.oid, n.nspname, c.relname, t.relname AS tbl, i.indrelid, t.reltuples AS rows, c.reltuples, c.relpages, i.indkey::int2[] AS k, ${BLOCK_SIZE} AS bs,
    i.indpred IS NOT NULL AS partial, i.indnkeyatts, i.indisunique OR i.indnatts > i.indnkeyatts
      OR coalesce((SELECT NOT option_value::bool FROM pg_options_to_table(c.reloptions) WHERE option_name = 'deduplicate_items'), false) AS each, ${mayMaintain(major, 't')} AS may,
    coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 90) AS fill
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am m ON m.oid = c.relam
  WHERE m.amname = 'btree' AND c.relkind = 'i' AND i.indisvalid AND c.relpages > 16 AND c.reltuples > 0 AND n.nspname !~ '^pg_'
  ORDER BY c.relpages DESC LIMIT $1::int),
columns AS (
  SELECT b.oid, s.attname, coalesce(s.null_frac, 0) AS nulls, coalesce(s.avg_width, 0) AS width, ia.attlen,
    CASE WHEN ia.attnum > b.indnkeyatts THEN NULL WHEN s.n_distinct < 0 THEN -s.n_distinct * b.rows ELSE s.n_distinct END AS keys,
    ia.atttypid IN (${NEVER_STORED_ONCE}) AS each,
    -- ANALYZE makes those of an expression of the rows in the index, those of a column of all
    ta.attnum IS NOT NULL AND b.partial AND NOT (ia.attlen > 0 AND coalesce(s.null_frac, 0) = 0) AS guessed,
    CASE WHEN ta.attnum IS NULL THEN has_column_privilege(b.oid, ia.attnum, 'SELECT') ELSE has_column_privilege(b.indrelid, ta.attnum, 'SELECT') END AS readable,
    ${bloatPadding('ia', 'b.oid')} AS padding
  FROM big b JOIN pg_attribute ia ON ia.attrelid = b.oid AND ia.attnum > 0
  LEFT JOIN pg_attribute ta ON ta.attrelid = b.indrelid AND b.k[ia.attnum - 1] <> 0 AND ta.attnum = b.k[ia.attnum - 1]
  LEFT JOIN LATERAL (${statisticsOf('b.nspname', 'CASE WHEN ta.attnum IS NULL THEN b.relname ELSE b.tbl END', 'coalesce(ta.attname, ia.attname)')}) s ON true),
widths AS (
  -- an entry with a NULL has a bitmap of eight bytes
  SELECT oid, 8 + 8 * max(nulls) AS header, max(nulls) AS nulls, sum((1 - nulls) * (width + padding)) AS data, max(keys) AS keys,
    CASE WHEN bool_and(attlen > 0) THEN sum(attlen + padding) END AS most, bool_or(each) AS each, bool_or(guessed) AS guessed,
    bool_and(readable) AS readable, count(*) = count(attname) AS complete
  FROM columns GROUP BY oid),
sized AS (
  SELECT b.*, w.readable, w.complete, w.guessed, b.bs - 24 - 16 AS room, 4 + header + ${BLOAT_ALIGNED} AS tup,
    coalesce(4 + header + (ceil(most)::int + 7) / 8 * 8, ${WIDEST}) AS widest,
    NOT (b.each OR w.each) AND b.reltuples > ${FEW_EQUAL} * coalesce(w.keys, 0) AS merged
  FROM big b JOIN widths w ON w.oid = b.oid),
needed AS (
  -- the levels above the leaves are built 70 % full: with wide keys they are many pages
  SELECT *, relpages - 1 - ceil(ceil(reltuples / greatest(1, floor(room * fill / 100.0 / tup))) / (1 - 1 / greatest(2, floor(room * 0.7 / tup)))) AS spare,
    ${bloatDoubt('indrelid', 'rows', 'reltuples')} AS doubt FROM sized),
judged AS (
  SELECT *, coalesce(${bloatUnknown('indrelid', 'least(rows, reltuples)')}, CASE WHEN guessed THEN 'partial' WHEN merged OR spare < -0.1 * relpages THEN 'dedup' END) AS unknown
  FROM (SELECT *, greatest(0, spare) AS air FROM needed) n)
SELECT /* pgdeck */ of, oid, nspname::text AS schema, relname::text AS name, tbl::text AS table_name, may, (relpages * bs)::float8 AS bytes, ${BLOAT_SHAPES} FROM judged
ORDER BY bloat_bytes DESC NULLS LAST, oid`;

/**
 * How much of the biggest B-trees is air, estimated from the statistics of their columns. Formula: pages that `reltuples`
 * entries of the average width would take at the index's fillfactor. Where equal keys are stored once an index is smaller
 * than that, and nothing can be said.
 */
export const reindexBloat = defineQuery({
  id: 'reindex.bloat',
  variants: [
    { max: 16, sql: indexes(13) },
    { min: 17, sql: indexes(17) },
  ],
  row: z.object({
    /** How many there are that are not small, estimated or not. */
    of: z.int(),
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    table_name: z.string(),
    /** Owner of the table; from 17 on, MAINTAIN. */
    may: z.boolean(),
    bytes: z.number(),
    bloat_bytes: column.float,
    /** Of the index's size, 0 to 1. */
    bloat_share: column.float,
    unknown: bloatUnknownColumn,
  }),
  params: ({ limit }: { limit: number }) => [limit],
});
export type ReindexBloat = RowOf<typeof reindexBloat>;

/** Reading the statistics of more takes longer than a look in the background may. */
const ESTIMATED = 40;

export const indexBloatPoll = poll('slow', 'rare', reindexBloat, {
  input: ({ wants }: Known) => ({ limit: Math.min(ESTIMATED, wants.indexLimit) }),
  patient: true,
});
