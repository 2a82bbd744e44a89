import { z } from 'zod';
import { BLOCK_SIZE, LOCKED_RELATIONS } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/*
 * A size function waits behind an AccessExclusiveLock that is held or awaited: such relations have the size that the
 * last VACUUM has noted.
 */
const LOCKED = `locked AS MATERIALIZED (${LOCKED_RELATIONS})`;
const size = (oid: string, pages: string) =>
  `CASE WHEN ${oid} IN (SELECT relation FROM locked) THEN ${pages} * ${BLOCK_SIZE} ELSE pg_relation_size(${oid})::float8 END`;

const SYSTEM = "n.nspname IN ('pg_catalog', 'information_schema')";

/** Every table and sequence that can be damaged, with its TOAST table; nobody reads the temporary ones of others. */
export const checkTables = defineQuery({
  id: 'check.tables',
  variants: [
    {
      sql: `WITH /* pgdeck */ ${LOCKED}
SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
  p.inhparent AS partition_of, q.refobjid AS sequence_of, c.relpages::float8 * ${BLOCK_SIZE} AS noted_bytes, ${SYSTEM} AS system, c.relpersistence = 'u' AS unlogged, c.relispopulated AS populated,
  a.amname::text AS method, has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AS readable,
  row_security_active(c.oid) AS filtered, c.reltoastrelid AS toast_oid, t.relname::text AS toast_name,
  CASE WHEN c.relkind = 'p' THEN 0 ELSE ${size('c.oid', 'c.relpages')} END AS bytes,
  CASE WHEN t.oid IS NULL THEN 0 ELSE ${size('t.oid', 't.relpages')} END AS toast_bytes,
  (SELECT array_agg(k.attname::text ORDER BY o.at) FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY o (attnum, at)
    JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = o.attnum
    WHERE i.indrelid = c.oid AND i.indisprimary AND o.at <= i.indnkeyatts) AS key
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_am a ON a.oid = c.relam
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
LEFT JOIN pg_inherits p ON c.relispartition AND p.inhrelid = c.oid
LEFT JOIN pg_depend q ON c.relkind = 'S' AND q.classid = 'pg_class'::regclass AND q.objid = c.oid AND q.objsubid = 0
  AND q.refclassid = 'pg_class'::regclass AND q.refobjsubid > 0 AND q.deptype IN ('a', 'i')
WHERE c.relkind IN ('r', 'm', 'p', 'S') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_toast'
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
    },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    /** `p`: partitioned; the rows are its partitions'. `S`: a sequence. */
    kind: z.enum(['r', 'm', 'p', 'S']),
    partition_of: column.int,
    /** Of a sequence: the table that has it for a column of its own. */
    sequence_of: column.int,
    /** What the last VACUUM or ANALYZE has seen of its rows' file. */
    noted_bytes: z.number(),
    /** Of pg_catalog or information_schema. */
    system: z.boolean(),
    unlogged: z.boolean(),
    /** False: a materialized view that was never filled, which has no rows to read. */
    populated: z.boolean(),
    /** How its rows are stored: `heap`; null of a partitioned one. */
    method: column.text,
    /** Whether this role may read its rows. */
    readable: z.boolean(),
    /** Row-level security hides rows from this role. */
    filtered: z.boolean(),
    /** 0: it has none. */
    toast_oid: z.int(),
    toast_name: column.text,
    bytes: z.number(),
    toast_bytes: z.number(),
    /** Columns of the primary key. */
    key: z.array(z.string()).nullable(),
  }),
});
export type CheckTable = RowOf<typeof checkTables>;

/** Every index, those of TOAST tables too. */
export const checkIndexes = defineQuery({
  id: 'check.indexes',
  variants: [
    {
      sql: `WITH /* pgdeck */ ${LOCKED}
SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
  coalesce(m.oid, i.indrelid) AS table_oid, m.oid IS NOT NULL AS toast, p.inhparent AS partition_of,
  i.indisvalid AND i.indisready AND i.indislive AS valid, i.indpred IS NULL AS whole, i.indisunique AS unique, i.indisexclusion AS exclusion,
  a.amname::text AS method, c.relpersistence = 'u' AS unlogged,
  CASE WHEN c.relkind = 'I' THEN 0 WHEN i.indrelid IN (SELECT relation FROM locked) THEN c.relpages * ${BLOCK_SIZE}
    ELSE ${size('c.oid', 'c.relpages')} END AS bytes
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_am a ON a.oid = c.relam
LEFT JOIN pg_class m ON m.reltoastrelid = i.indrelid
LEFT JOIN pg_inherits p ON c.relispartition AND p.inhrelid = c.oid
WHERE c.relpersistence <> 't'
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
    },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    /** `I`: of a partitioned table, which holds nothing itself. */
    kind: z.enum(['i', 'I']),
    /** Of a TOAST table's: the table it belongs to. */
    table_oid: z.int(),
    toast: z.boolean(),
    partition_of: column.int,
    valid: z.boolean(),
    /** Of all rows of its table. */
    whole: z.boolean(),
    unique: z.boolean(),
    exclusion: z.boolean(),
    /** `btree`, `gin`. */
    method: z.string(),
    unlogged: z.boolean(),
    bytes: z.number(),
  }),
});
export type CheckIndex = RowOf<typeof checkIndexes>;
