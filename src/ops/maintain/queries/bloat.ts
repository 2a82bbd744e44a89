import { z } from 'zod';
import { bloatUnknown, bloatUnknownColumn } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/**
 * How much of the biggest tables is empty, by the widths that ANALYZE noted: the pages there are against the pages that
 * the rows would need (the method of ioguix's published estimate). Free space left by a fillfactor is no bloat. TOAST
 * is not in it: there are no statistics about it.
 */
export const tableBloat = defineQuery({
  id: 'maintain.bloat',
  variants: [
    {
      sql: `WITH /* pgdeck */ big AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.reltuples, c.relpages, current_setting('block_size')::numeric AS bs,
    coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 100) AS fill
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND c.relpages > 16 AND c.reltuples > 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'heap')
  ORDER BY c.relpages DESC LIMIT $1::int),
widths AS (
  SELECT b.oid, b.reltuples, b.relpages, b.fill, b.bs,
    23 + CASE WHEN max(coalesce(s.null_frac, 0)) > 0 THEN (7 + count(s.attname)) / 8 ELSE 0 END AS header,
    sum((1 - coalesce(s.null_frac, 0)) * coalesce(s.avg_width, 0)) AS data,
    ${bloatUnknown('b.oid', 'b.reltuples', "bool_and(has_column_privilege(b.oid, a.attnum, 'SELECT'))", 'count(*) = count(s.attname)')} AS unknown
  FROM big b JOIN pg_attribute a ON a.attrelid = b.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_stats s ON s.schemaname = b.nspname AND s.tablename = b.relname AND s.attname = a.attname AND NOT s.inherited
  GROUP BY 1, 2, 3, 4, 5),
needed AS (
  -- a line pointer of 4 bytes, and header and data each rounded up to 8
  SELECT oid, relpages, bs, unknown, ceil(reltuples / greatest(1, floor((bs - 24) * fill / 100.0
    / (4 + (header + 7) / 8 * 8 + (ceil(data)::int + 7) / 8 * 8)))) AS pages FROM widths)
SELECT /* pgdeck */ oid, CASE WHEN unknown IS NULL THEN (greatest(0, relpages - pages) * bs)::float8 END AS bloat_bytes,
  CASE WHEN unknown IS NULL THEN (greatest(0, relpages - pages) / relpages)::float8 END AS bloat_share, unknown
FROM needed ORDER BY 2 DESC NULLS LAST, oid`,
    },
  ],
  row: z.object({
    oid: z.int(),
    /** An estimate; null where it is not known. */
    bloat_bytes: column.float,
    /** Of the heap, 0 to 1. */
    bloat_share: column.float,
    unknown: bloatUnknownColumn,
  }),
  params: ({ limit }: { limit: number }) => [limit],
});
export type TableBloat = RowOf<typeof tableBloat>;
