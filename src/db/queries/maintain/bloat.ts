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

/** A row is no wider in its table: what is more goes to TOAST. */
const WIDEST = 2040;

const tables = (major: 13 | 17) => `WITH /* pgdeck */ big AS MATERIALIZED (
  SELECT count(*) OVER ()::int AS of, c.oid, n.nspname, c.relname, c.reltuples, c.relpages, current_setting('block_size')::numeric AS bs, ${mayMaintain(major, 'c')} AS may,
    coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 100) AS fill
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND c.relpages > 16 AND c.reltuples > 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'heap')
  ORDER BY c.relpages DESC LIMIT $1::int),
columns AS (
  SELECT b.oid, s.attname, coalesce(s.null_frac, 0) AS nulls, coalesce(s.avg_width, 0) AS width, a.attlen,
    has_column_privilege(b.oid, a.attnum, 'SELECT') AS readable, ${bloatPadding('a', 'b.oid')} AS padding
  FROM big b JOIN pg_attribute a ON a.attrelid = b.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN LATERAL (${statisticsOf('b.nspname', 'b.relname', 'a.attname')}) s ON true),
widths AS (
  SELECT oid, 23 + CASE WHEN max(nulls) > 0 THEN (7 + count(*)) / 8 ELSE 0 END AS header, max(nulls) AS nulls, sum((1 - nulls) * (width + padding)) AS data,
    CASE WHEN bool_and(attlen > 0) THEN sum(attlen + padding) END AS most, bool_and(readable) AS readable, count(*) = count(attname) AS complete
  FROM columns GROUP BY oid),
sized AS (
  -- a line pointer of 4 bytes, and header and data each rounded up to 8
  SELECT b.*, w.readable, w.complete, b.bs - 24 AS room, 4 + (header + 7) / 8 * 8 + ${BLOAT_ALIGNED} AS tup,
    coalesce(4 + (header + 7) / 8 * 8 + (ceil(most)::int + 7) / 8 * 8, ${WIDEST}) AS widest
  FROM big b JOIN widths w ON w.oid = b.oid),
needed AS (
  SELECT *, greatest(0, relpages - ceil(reltuples / greatest(1, floor(room * fill / 100.0 / tup)))) AS air,
    ${bloatDoubt('oid', 'reltuples', 'reltuples')} AS doubt FROM sized),
judged AS (SELECT *, ${bloatUnknown('oid', 'reltuples')} AS unknown FROM needed)
SELECT /* pgdeck */ of, oid, nspname::text AS schema, relname::text AS name, may, (relpages * bs)::float8 AS bytes,
  pg_stat_get_dead_tuples(oid)::float8 / (pg_stat_get_dead_tuples(oid) + reltuples) AS dead_share, ${BLOAT_SHAPES} FROM judged
ORDER BY bloat_bytes DESC NULLS LAST, oid`;

/**
 * How much of the biggest tables is empty, by the widths that ANALYZE noted: the pages there are against the pages that
 * the rows would need (the method of ioguix's published estimate, with what alignment takes). Free space left by a
 * fillfactor is no bloat. TOAST is not in it: there are no statistics about it.
 */
export const tableBloat = defineQuery({
  id: 'maintain.bloat',
  variants: [
    { max: 16, sql: tables(13) },
    { min: 17, sql: tables(17) },
  ],
  row: z.object({
    /** How many there are that are not small, estimated or not. */
    of: z.int(),
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    may: z.boolean(),
    /** Of the heap, as of the last VACUUM or ANALYZE. */
    bytes: z.number(),
    /** Dead rows that VACUUM has not come to, of all rows. */
    dead_share: z.number(),
    /** An estimate; null where it is not known. */
    bloat_bytes: column.float,
    /** Of the heap, 0 to 1. */
    bloat_share: column.float,
    unknown: bloatUnknownColumn,
  }),
  params: ({ limit }: { limit: number }) => [limit],
});
export type TableBloat = RowOf<typeof tableBloat>;

/** Reading the statistics of more takes longer than a look in the background may. */
const ESTIMATED = 40;

export const tableBloatPoll = poll('slow', 'rare', tableBloat, {
  input: ({ wants }: Known) => ({ limit: Math.min(ESTIMATED, wants.tableLimit) }),
  patient: true,
});
