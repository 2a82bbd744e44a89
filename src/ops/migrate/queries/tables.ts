import { z } from 'zod';
import { defineQuery, type RowOf } from '../../../db/query.ts';

/**
 * Tables of these names in the database, or of just these columns, joined by commas; those of the search path first and in
 * its order, then those of `public`.
 */
export const historyTables = defineQuery({
  id: 'migrations.tables',
  variants: [
    {
      sql: `SELECT /* pgdeck */ n.nspname::text AS schema, c.relname::text AS name,
  has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable,
  row_security_active(c.oid) AS hidden,
  array(SELECT a.attname::text FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS columns
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND (c.relname = ANY ($1::text[])
       OR $2::text[] <> '{}' AND c.relnatts < 8 AND array_to_string(array(
            SELECT a.attname::text FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum), ',') = ANY ($2::text[]))
ORDER BY array_position(current_schemas(false), n.nspname) NULLS LAST, n.nspname = 'public' DESC, n.nspname`,
    },
  ],
  row: z.object({
    schema: z.string(),
    name: z.string(),
    readable: z.boolean(),
    hidden: z.boolean(),
    columns: z.array(z.string()),
  }),
  params: ({ names, columns }: { names: readonly string[]; columns: readonly string[] }) => [names, columns],
});

export type HistoryTable = RowOf<typeof historyTables>;

/** The schema in which a table without a schema's name is made; null when there is none. */
export const currentSchema = defineQuery({
  id: 'migrations.schema',
  variants: [{ sql: 'SELECT /* pgdeck */ current_schema()::text AS schema' }],
  row: z.object({ schema: z.string().nullable() }),
});
