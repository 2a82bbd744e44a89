import { z } from 'zod';
import { BLOCK_SIZE, bloatUnknown, bloatUnknownColumn } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/**
 * How much of the biggest B-trees is air, estimated from the statistics of their columns. Deduplicated indexes are
 * smaller than the estimate: it says nothing about them. Formula: pages that `reltuples` entries of the average width
 * would take at the index's fillfactor.
 */
export const reindexBloat = defineQuery({
  id: 'reindex.bloat',
  variants: [
    {
      sql: `WITH /* pgdeck */ big AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, t.relname AS tbl, i.indrelid, t.reltuples AS rows, c.reltuples, c.relpages, i.indkey::int2[] AS k, ${BLOCK_SIZE} AS bs,
    coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 90) AS ff
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am m ON m.oid = c.relam
  WHERE m.amname = 'btree' AND c.relkind = 'i' AND i.indisvalid AND c.relpages > 16 AND c.reltuples > 0 AND n.nspname !~ '^pg_'
  ORDER BY c.relpages DESC LIMIT $1::int),
w AS (
  SELECT b.oid, b.reltuples, b.relpages, b.bs, b.ff,
    CASE WHEN max(coalesce(s.null_frac, 0)) = 0 THEN 8 ELSE 16 END AS hdr,
    sum((1 - coalesce(s.null_frac, 0)) * coalesce(s.avg_width, 1024)) AS data,
    ${bloatUnknown(
      'b.indrelid',
      'b.rows',
      `bool_and(CASE WHEN ta.attnum IS NULL THEN has_column_privilege(b.oid, ia.attnum, 'SELECT')
        ELSE has_column_privilege(b.indrelid, ta.attnum, 'SELECT') END)`,
      'count(*) = count(s.attname)',
    )} AS unknown
  FROM big b JOIN pg_attribute ia ON ia.attrelid = b.oid AND ia.attnum > 0
  LEFT JOIN pg_attribute ta ON ta.attrelid = b.indrelid AND b.k[ia.attnum - 1] <> 0 AND ta.attnum = b.k[ia.attnum - 1]
  LEFT JOIN pg_stats s ON s.schemaname = b.nspname AND NOT s.inherited
    AND ((ta.attname IS NOT NULL AND s.tablename = b.tbl AND s.attname = ta.attname)
      OR (ta.attname IS NULL AND s.tablename = b.relname AND s.attname = ia.attname))
  GROUP BY b.oid, b.indrelid, b.rows, b.reltuples, b.relpages, b.bs, b.ff),
e AS (
  SELECT *, 1 + ceil(reltuples / greatest(1, floor((bs - 24 - 16) * ff / 100.0 / (4 + hdr + (ceil(data)::int + 7) / 8 * 8)))) AS need
  FROM w)
SELECT /* pgdeck */ oid, CASE WHEN unknown IS NULL THEN (greatest(0, relpages - need) * bs)::float8 END AS bloat_bytes,
  CASE WHEN unknown IS NULL THEN (greatest(0, relpages - need) / relpages)::float8 END AS bloat_ratio,
  unknown IS NULL AND relpages < need AS dedup, unknown FROM e ORDER BY 2 DESC NULLS LAST`,
    },
  ],
  row: z.object({
    oid: z.int(),
    bloat_bytes: column.float,
    /** Of the index's size, 0 to 1. */
    bloat_ratio: column.float,
    /** Smaller than the estimate: equal keys are stored once. */
    dedup: z.boolean(),
    unknown: bloatUnknownColumn,
  }),
  params: ({ limit }: { limit: number }) => [limit],
});
export type ReindexBloat = RowOf<typeof reindexBloat>;
