import { z } from 'zod';
import { BLOCK_SIZE, tablespaceDirectory } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/*
 * Sizes are relpages: size functions wait behind locks. The owner of the database may not reindex tables of others, as
 * he may vacuum them.
 */

const may = (major: 13 | 17) =>
  `pg_has_role(current_user, c.relowner, 'USAGE')${major >= 17 ? " OR has_table_privilege(c.oid, 'MAINTAIN')" : ''}`;

const DIRECTORY = tablespaceDirectory('oid');

const SYSTEM = "n.nspname IN ('pg_catalog', 'information_schema')";

const tables = (
  major: 13 | 17,
) => `SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name,
  c.relkind::text AS kind, p.inhparent AS partition_of, ${SYSTEM} AS system, c.relisshared AS shared,
  ${may(major)} AS may, pg_has_role(current_user, c.relowner, 'USAGE') AS owned
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits p ON c.relispartition AND p.inhrelid = c.oid
WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_toast'
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** Every table that can have indexes, and whether this role may rebuild them. */
export const reindexTables = defineQuery({
  id: 'reindex.tables',
  variants: [
    { max: 16, sql: tables(13) },
    { min: 17, sql: tables(17) },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    /** `p`: partitioned; the rows and the indexes that hold something are its partitions'. */
    kind: z.enum(['r', 'm', 'p']),
    partition_of: column.int,
    /** Of pg_catalog or information_schema. */
    system: z.boolean(),
    /** Of all databases of the server. */
    shared: z.boolean(),
    /** Owner of the table; from 17 on, MAINTAIN. */
    may: z.boolean(),
    owned: z.boolean(),
  }),
});
export type ReindexTable = RowOf<typeof reindexTables>;

/** Every index, those of TOAST tables too, the biggest first. */
export const reindexIndexes = defineQuery({
  id: 'reindex.indexes',
  variants: [
    {
      sql: `WITH /* pgdeck */ spaces AS MATERIALIZED (SELECT oid, spcname, ${DIRECTORY} AS directory FROM pg_tablespace)
SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
  coalesce(m.oid, i.indrelid) AS table_oid, m.oid IS NOT NULL AS toast, p.inhparent AS partition_of,
  i.indisvalid AS valid, i.indisexclusion AS exclusion, c.relpages * ${BLOCK_SIZE} AS est_bytes,
  s.spcname::text AS tablespace, s.directory
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class m ON m.reltoastrelid = i.indrelid
LEFT JOIN pg_inherits p ON c.relispartition AND p.inhrelid = c.oid
JOIN pg_database d ON d.datname = current_database()
JOIN spaces s ON s.oid = coalesce(nullif(c.reltablespace, 0), d.dattablespace)
WHERE c.relpersistence <> 't'
ORDER BY c.relpages DESC, n.nspname COLLATE "C", c.relname COLLATE "C"`,
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
    /** The index of the partitioned table that it is a part of. */
    partition_of: column.int,
    valid: z.boolean(),
    /** It keeps an exclusion constraint, which cannot be rebuilt concurrently. */
    exclusion: z.boolean(),
    /** As of the last VACUUM or ANALYZE. */
    est_bytes: z.number(),
    tablespace: z.string(),
    /** Where that is on the server; null where this role may not know. */
    directory: column.text,
  }),
});
export type ReindexIndex = RowOf<typeof reindexIndexes>;

/** A tablespace and whether this role may put something there; none: there is no such one. */
export const reindexTablespace = defineQuery({
  id: 'reindex.tablespace',
  variants: [
    {
      sql: `SELECT /* pgdeck */ spcname::text AS name, ${DIRECTORY} AS directory, spcname = 'pg_global' AS global,
  oid = (SELECT dattablespace FROM pg_database WHERE datname = current_database())
    OR has_tablespace_privilege(oid, 'CREATE') AS may FROM pg_tablespace WHERE spcname = $1::text`,
    },
  ],
  row: z.object({ name: z.string(), directory: column.text, global: z.boolean(), may: z.boolean() }),
  params: ({ name }: { name: string }) => [name],
});
