import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/** Schemas that pg_dump leaves to the server itself. */
const OWN_SCHEMAS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

/**
 * Everything in the database that could be named for a backup, with what decides whether its rows can be read. `exact`
 * asks for sizes on disk, which waits for a table that is locked exclusively; without it they are those of the last
 * VACUUM or ANALYZE.
 */
export const backupRelations = defineQuery({
  id: 'backup.relations',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
  CASE WHEN c.relispartition THEN i.inhparent END AS partition_of, rn.nspname::text AS root_schema,
  r.relname::text AS root_name, c.relispopulated AS populated,
  c.relpersistence = 'u' AS unlogged, greatest(c.reltuples, 0)::float8 AS estimated_rows,
  CASE WHEN c.relkind NOT IN ('r', 'm') THEN 0 WHEN $1::bool THEN coalesce(pg_table_size(c.oid), 0)
    ELSE (c.relpages + coalesce(t.relpages, 0)) * current_setting('block_size')::float8 END::float8 AS bytes,
  EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') AS of_extension,
  has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable,
  c.relkind IN ('r', 'p') AND row_security_active(c.oid) AS row_security
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
LEFT JOIN pg_inherits i ON c.relispartition AND i.inhrelid = c.oid
LEFT JOIN pg_class r ON c.relispartition AND r.oid = pg_partition_root(c.oid)
LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'S') AND c.relpersistence <> 't' AND ${OWN_SCHEMAS}
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
    },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    kind: z.enum(['r', 'p', 'm', 'v', 'f', 'S']),
    /** Of a partition: the oid of the table it is one of. */
    partition_of: column.int,
    /** The topmost table above it. */
    root_schema: z.string().nullable(),
    root_name: z.string().nullable(),
    populated: z.boolean(),
    unlogged: z.boolean(),
    estimated_rows: z.number(),
    /** Of the table with its TOAST, without indexes; 0 for what holds no rows itself. */
    bytes: z.number(),
    of_extension: z.boolean(),
    readable: z.boolean(),
    /** Row security would hide rows from this role, or pg_dump refuse. */
    row_security: z.boolean(),
  }),
  params: ({ exact }: { exact: boolean }) => [exact],
});
export type BackupRelation = RowOf<typeof backupRelations>;

/** Schemas that can be chosen. */
export const backupSchemas = defineQuery({
  id: 'backup.schemas',
  variants: [
    {
      sql: `SELECT /* pgdeck */ n.nspname::text AS schema FROM pg_namespace n WHERE ${OWN_SCHEMAS} ORDER BY n.nspname COLLATE "C"`,
    },
  ],
  row: z.object({ schema: z.string() }),
});

/** Last values of sequences, for the manifest; null where none was drawn or the role may not read it. */
export const backupSequences = defineQuery({
  id: 'backup.sequences',
  variants: [
    {
      sql: `SELECT /* pgdeck */ schemaname::text AS schema, sequencename::text AS name, last_value::text
FROM pg_sequences ORDER BY 1, 2`,
    },
  ],
  row: z.object({ schema: z.string(), name: z.string(), last_value: column.text }),
});

/** Foreign keys, those of partitions with their root's: a table whose rows are in a backup may need those of one whose rows are not. */
export const backupForeignKeys = defineQuery({
  id: 'backup.foreign_keys',
  variants: [
    {
      sql: `SELECT /* pgdeck */ k.oid, k.conname::text AS name, k.conrelid AS from_oid, k.confrelid AS to_oid
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND ${OWN_SCHEMAS} ORDER BY 1`,
    },
  ],
  row: z.object({ oid: z.int(), name: z.string(), from_oid: z.int(), to_oid: z.int() }),
});
export type BackupForeignKey = RowOf<typeof backupForeignKeys>;
