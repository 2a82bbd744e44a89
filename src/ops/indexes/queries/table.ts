import { z } from 'zod';
import { BLOCK_SIZE, tablespaceDirectory } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/** A table that an index is to be made on. */
export const indexedTable = defineQuery({
  id: 'indexes.table',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
  pg_get_userbyid(c.relowner)::text AS owner, pg_has_role(current_user, c.relowner, 'USAGE') AS owned, has_schema_privilege(n.oid, 'CREATE') AS may_create,
  CASE WHEN c.relkind = 'p' THEN (SELECT sum(greatest(p.reltuples, 0)) FROM pg_partition_tree(c.oid) x JOIN pg_class p ON p.oid = x.relid WHERE x.isleaf)
    ELSE greatest(c.reltuples, 0) END::float8 AS est_rows, c.relpages * ${BLOCK_SIZE} AS est_bytes,
  (SELECT count(*) FROM pg_partition_tree(c.oid) x JOIN pg_class p ON p.oid = x.relid WHERE p.relkind = 'f')::int AS foreign_parts,
  (SELECT s.spcname::text FROM pg_tablespace s JOIN pg_database d ON d.dattablespace = s.oid WHERE d.datname = current_database()) AS tablespace,
  (SELECT ${tablespaceDirectory('d.dattablespace')} FROM pg_database d WHERE d.datname = current_database()) AS directory
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::oid`,
    },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    kind: z.string(),
    owner: z.string(),
    owned: z.boolean(),
    may_create: z.boolean(),
    /** 0 where nobody has counted them. */
    est_rows: z.number(),
    est_bytes: z.number(),
    /** Partitions that are foreign tables, which have no indexes. */
    foreign_parts: z.int(),
    /** Where its indexes are made. */
    tablespace: z.string(),
    directory: column.text,
  }),
  params: ({ oid }: { oid: number }) => [oid],
});
export type IndexedTable = RowOf<typeof indexedTable>;

/** The columns of a table, with what the statistics say of them where this role may read them. */
export const indexedColumns = defineQuery({
  id: 'indexes.columns',
  variants: [
    {
      sql: `SELECT /* pgdeck */ a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, coalesce(s.avg_width, nullif(a.attlen, -1)) AS width,
  s.n_distinct::float8 AS n_distinct
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND s.inherited = (c.relkind = 'p')
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    },
  ],
  row: z.object({
    name: z.string(),
    type: z.string(),
    /** Bytes, on average. */
    width: column.int,
    n_distinct: column.float,
  }),
  params: ({ oid }: { oid: number }) => [oid],
});
export type IndexedColumn = RowOf<typeof indexedColumns>;

/** The names of relations and types of some schemas that begin so: an index cannot have one of them. */
export const takenNames = defineQuery({
  id: 'indexes.names',
  variants: [
    {
      sql: `SELECT /* pgdeck */ n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::text[]) ORDER BY c.oid`,
    },
  ],
  row: z.object({ schema: z.string(), name: z.string(), kind: z.string() }),
  params: ({ schemas }: { schemas: readonly string[] }) => [schemas],
});
