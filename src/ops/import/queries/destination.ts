import { z } from 'zod';
import { defineQuery, type RowOf } from '../../../db/query.ts';

/** Where an import goes. */
export const importPlace = defineQuery({
  id: 'import.place',
  variants: [
    {
      sql: `SELECT /* pgdeck */ pg_encoding_to_char(d.encoding)::text AS encoding, pg_is_in_recovery() AS standby,
  n.oid IS NOT NULL AS found, coalesce(has_schema_privilege(n.oid, 'CREATE'), has_database_privilege(d.oid, 'CREATE')) AS may_create,
  coalesce(has_schema_privilege(n.oid, 'USAGE'), true) AS may_use
FROM pg_database d LEFT JOIN pg_namespace n ON n.nspname = $1 WHERE d.datname = current_database()`,
    },
  ],
  row: z.object({
    encoding: z.string(),
    standby: z.boolean(),
    /** The schema is there. */
    found: z.boolean(),
    may_create: z.boolean(),
    may_use: z.boolean(),
  }),
  params: ({ schema }: { schema: string }) => [schema],
});

/** Names that are taken in a schema: relations and types share them. */
export const takenNames = defineQuery({
  id: 'import.names',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1
UNION SELECT t.typname::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = $1 AND t.typrelid = 0 AND t.typelem = 0`,
    },
  ],
  row: z.object({ name: z.string() }),
  params: ({ schema }: { schema: string }) => [schema],
});

/** The tables of a schema that rows could go into. */
export const destinationTables = defineQuery({
  id: 'import.tables',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.oid, c.relname::text AS name, c.relkind::text AS kind, row_security_active(c.oid) AS row_security,
  pg_has_role(current_user, c.relowner, 'USAGE') AS owned, pg_get_userbyid(c.relowner)::text AS owner,
  has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'SELECT') AS may_load,
  ARRAY(SELECT t.tgname::text FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
    AND t.tgtype & 4 <> 0 ORDER BY t.tgname COLLATE "C") AS triggers,
  ARRAY(SELECT t.tgname::text FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled = 'A') AS always
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname COLLATE "C"`,
    },
  ],
  row: z.object({
    oid: z.int(),
    name: z.string(),
    /** `p`: partitioned. */
    kind: z.enum(['r', 'p']),
    row_security: z.boolean(),
    owned: z.boolean(),
    owner: z.string(),
    may_load: z.boolean(),
    /** That fire when a row comes. */
    triggers: z.array(z.string()),
    /** Those of all triggers that fire for replicated rows, too. */
    always: z.array(z.string()),
  }),
  params: ({ schema }: { schema: string }) => [schema],
});
export type DestinationTable = RowOf<typeof destinationTables>;

/** Their columns, in the order of each. */
export const destinationColumns = defineQuery({
  id: 'import.columns',
  variants: [
    {
      sql: `SELECT /* pgdeck */ a.attrelid AS oid, a.attname::text AS name,
  CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) ELSE format_type(a.atttypid, a.atttypmod) END AS type,
  a.attnotnull OR t.typnotnull AS not_null, a.attgenerated <> '' AS generated,
  a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL AS filled,
  ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = a.atttypid ORDER BY e.enumsortorder) AS labels
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`,
    },
  ],
  row: z.object({
    oid: z.int(),
    name: z.string(),
    /** Of a domain, what it is over. */
    type: z.string(),
    not_null: z.boolean(),
    generated: z.boolean(),
    /** It has a default, or is an identity. */
    filled: z.boolean(),
    /** Of an enum. */
    labels: z.array(z.string()),
  }),
  params: ({ oids }: { oids: readonly number[] }) => [oids],
});
export type DestinationColumn = RowOf<typeof destinationColumns>;

/** Foreign keys from or to one of these tables. */
export const destinationKeys = defineQuery({
  id: 'import.keys',
  variants: [
    {
      sql: `SELECT /* pgdeck */ k.conrelid AS child, k.confrelid AS parent, k.conname::text AS name, k.condeferrable AS deferrable,
  n.nspname::text AS child_schema, c.relname::text AS child_name, pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = ANY($1::oid[]) OR k.confrelid = ANY($1::oid[])) ORDER BY k.conrelid, k.conname COLLATE "C"`,
    },
  ],
  row: z.object({
    child: z.int(),
    parent: z.int(),
    name: z.string(),
    deferrable: z.boolean(),
    child_schema: z.string(),
    child_name: z.string(),
    definition: z.string(),
  }),
  params: ({ oids }: { oids: readonly number[] }) => [oids],
});
export type DestinationKey = RowOf<typeof destinationKeys>;
