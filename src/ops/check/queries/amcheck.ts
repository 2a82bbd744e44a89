import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

const EXTENSION = "(SELECT oid FROM pg_extension WHERE extname = 'amcheck')";

/** The extension amcheck: where it is, what of it this role may run, and whether the server could have it. One row. */
export const amcheckExtension = defineQuery({
  id: 'check.amcheck',
  variants: [
    {
      sql: `SELECT /* pgdeck */ e.extversion AS version, n.nspname::text AS schema, has_schema_privilege(n.oid, 'USAGE') AS usable,
  (SELECT default_version FROM pg_available_extensions WHERE name = 'amcheck') AS available,
  to_regnamespace('public') IS NOT NULL AS has_public,
  coalesce(f.functions, '{}') AS functions, coalesce(f.denied, '{}') AS denied
FROM (VALUES (1)) one LEFT JOIN pg_extension e ON e.extname = 'amcheck' LEFT JOIN pg_namespace n ON n.oid = e.extnamespace
LEFT JOIN LATERAL (
  SELECT array_agg(p.proname || CASE WHEN 'checkunique' = ANY (p.proargnames) THEN '+unique' ELSE '' END)
      FILTER (WHERE has_function_privilege(p.oid, 'EXECUTE')) AS functions,
    array_agg(format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)))
      FILTER (WHERE NOT has_function_privilege(p.oid, 'EXECUTE')) AS denied
  FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
  WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    AND d.refobjid = ${EXTENSION}) f ON true`,
    },
  ],
  row: z.object({
    /** Null where it is not installed in this database. */
    version: column.text,
    schema: column.text,
    usable: column.bool,
    /** The version that CREATE EXTENSION would install; null where the server lacks its files. */
    available: column.text,
    has_public: z.boolean(),
    /** Those that this role may run; `bt_index_check+unique` takes checkunique. */
    functions: z.array(z.string()),
    /** Those it may not, as GRANT wants them. */
    denied: z.array(z.string()),
  }),
});
export type AmcheckExtension = RowOf<typeof amcheckExtension>;

/** Settings that decide what a check is told, and since when the server's processes run. One row. */
export const checkSettings = defineQuery({
  id: 'check.settings',
  variants: [
    {
      sql: `SELECT /* pgdeck */ current_setting('zero_damaged_pages')::bool AS zeroes, current_setting('ignore_checksum_failure')::bool AS ignores`,
    },
  ],
  row: z.object({
    /** A damaged page is emptied when it is read, instead of told. */
    zeroes: z.boolean(),
    /** A page that does not match its checksum is read all the same. */
    ignores: z.boolean(),
  }),
});

/** When the checkpointer began: a crash of one session starts all processes anew. NULL where the role may not see it. */
export const processesSince = defineQuery({
  id: 'check.processes',
  variants: [
    {
      sql: `SELECT /* pgdeck */ backend_start::text AS since FROM pg_stat_activity WHERE backend_type = 'checkpointer'`,
    },
  ],
  row: z.object({ since: column.text }),
});

/** The file of a relation, below the data directory; null of one that is gone. */
export const relationFile = defineQuery({
  id: 'check.file',
  variants: [
    {
      sql: `SELECT /* pgdeck */ pg_relation_filepath($1::oid)::text AS path`,
    },
  ],
  row: z.object({ path: column.text }),
  params: ({ oid }: { oid: number }) => [oid],
});
