import { z } from 'zod';
import { poll } from '../poll.ts';
import { column, defineQuery, type RowOf } from '../query.ts';
import { CURRENT_DATABASE_OID } from './fragments.ts';

/**
 * The sequences that can run out in a lifetime, and how far they have come. The end is that of the sequence, or of the
 * integer columns that are filled from it, owned by one or only named by its default. Each sequence that is read is
 * opened, and locked until the end: those of the biggest tables are, and none that somebody is altering.
 */
export const sequenceUse = defineQuery({
  id: 'sequences.use',
  variants: [
    {
      sql: `WITH /* pgdeck */ big AS MATERIALIZED (
  SELECT oid, relname, relnamespace, reltuples FROM pg_class WHERE relkind IN ('r', 'p', 'f') AND oid >= 16384
  ORDER BY reltuples DESC, oid LIMIT $1::int),
filled AS MATERIALIZED (
  SELECT d.objid AS seq, r.oid AS relid, d.refobjsubid::int2 AS attnum FROM big r
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND d.refobjsubid > 0
    AND d.classid = 'pg_class'::regclass AND d.objsubid = 0 AND d.deptype IN ('a', 'i')
  UNION SELECT d.refobjid, r.oid, f.adnum FROM big r JOIN pg_attrdef f ON f.adrelid = r.oid
  JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.oid),
-- of several columns the narrowest counts, of equal ones that of the biggest table
narrowest AS MATERIALIZED (
  SELECT DISTINCT ON (f.seq) f.seq, r.relname AS tbl, r.relnamespace, a.attname, b.oid::regtype::text AS type, r.reltuples AS rows,
    CASE b.oid WHEN 21 THEN 32767 WHEN 23 THEN 2147483647 WHEN 20 THEN 9223372036854775807 END AS most
  FROM filled f JOIN big r ON r.oid = f.relid JOIN pg_attribute a ON a.attrelid = f.relid AND a.attnum = f.attnum
  JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
  ORDER BY f.seq, 7 NULLS LAST, r.reltuples DESC, f.relid),
-- and those of no table, so many of the narrow ones
chosen AS MATERIALIZED (
  SELECT seq FROM narrowest UNION (SELECT seqrelid FROM pg_sequence WHERE abs(seqmax::numeric) < 1e15 ORDER BY seqrelid LIMIT $1::int)),
ends AS (
  SELECT q.*, c.relname, c.relnamespace AS schema_oid, c.relpersistence, w.tbl, w.relnamespace, w.attname, w.type, w.rows,
    CASE WHEN q.seqincrement > 0 THEN least(q.seqmax, w.most) ELSE greatest(q.seqmin, -w.most - 1) END AS last
  FROM chosen s JOIN pg_sequence q ON q.seqrelid = s.seq JOIN pg_class c ON c.oid = q.seqrelid AND c.relpersistence <> 't'
  LEFT JOIN narrowest w ON w.seq = q.seqrelid),
-- one of bigint would take some hundred thousand years
finite AS (
  SELECT *, has_sequence_privilege(seqrelid, 'SELECT, USAGE') AS readable FROM ends
  WHERE abs(last::numeric) < 1e15 AND NOT (seqcycle AND last = CASE WHEN seqincrement > 0 THEN seqmax ELSE seqmin END)),
locked AS MATERIALIZED (
  SELECT DISTINCT relation FROM pg_locks WHERE locktype = 'relation' AND database = ${CURRENT_DATABASE_OID}
    AND mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')),
-- before 17 an unlogged one raises an error on a standby
read AS MATERIALIZED (
  SELECT *, CASE WHEN readable AND seqrelid NOT IN (SELECT relation FROM locked) AND (relpersistence = 'p' OR NOT pg_is_in_recovery())
    THEN pg_sequence_last_value(seqrelid) END AS value FROM finite)
SELECT /* pgdeck */ n.nspname::text AS schemaname, q.relname::text, tn.nspname::text AS table_schema, q.tbl::text AS table_name, q.attname::text AS column_name,
  q.type, q.value::float8, q.last::float8,
  -- by what is left: it may have been begun anywhere
  CASE WHEN q.seqincrement > 0 THEN (q.value::numeric - q.seqmin) / nullif(q.last::numeric - q.seqmin, 0)
    ELSE (q.seqmax - q.value::numeric) / nullif(q.seqmax - q.last::numeric, 0) END::float8 AS used,
  q.seqincrement > 0 AS ascending, q.readable, (SELECT count(*)::int FROM pg_sequence) AS sequences
FROM read q JOIN pg_namespace n ON n.oid = q.schema_oid LEFT JOIN pg_namespace tn ON tn.oid = q.relnamespace
ORDER BY used DESC NULLS LAST, q.seqrelid`,
    },
  ],
  row: z.object({
    schemaname: z.string(),
    relname: z.string(),
    /** The column that ends first; null where none is filled from it. */
    table_schema: column.text,
    table_name: column.text,
    column_name: column.text,
    type: column.text,
    /** Null: never used, not readable, or locked. */
    value: column.float,
    /** The last value that it, or the column, can have. */
    last: z.number(),
    /** 0 to 1 of all values between its first and that; more where the column is already too narrow. */
    used: column.float,
    ascending: z.boolean(),
    readable: z.boolean(),
    /** How many there are in the database. */
    sequences: z.int(),
  }),
  params: ({ limit }: { limit: number }) => [limit],
});
export type SequenceRow = RowOf<typeof sequenceUse>;

/** The biggest tables whose sequences are read, and as many others. */
export const SEQUENCES_READ = 200;

export const sequenceUsePoll = poll('slow', 'rare', sequenceUse, {
  input: () => ({ limit: SEQUENCES_READ }),
  patient: true,
});
