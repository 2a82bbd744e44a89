import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

const USERS = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_temp%'";

/** Indexes that are not used because their making was not finished, and those that are being made now. */
export const migrateInvalidIndexes = defineQuery({
  id: 'migrate.invalid_indexes',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.oid::int8::text AS oid, n.nspname::text AS schema, c.relname::text AS name,
  tn.nspname::text AS table_schema, t.relname::text AS table_name, c.relkind = 'I' AS partitioned, i.indisready AS ready,
  EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'relation' AND l.relation = i.indrelid AND l.granted
    AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
    AND l.mode = 'ShareUpdateExclusiveLock'
    AND EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.pid = l.pid AND p.relid = i.indrelid)) AS building
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE NOT i.indisvalid AND ${USERS}
ORDER BY n.nspname, c.relname`,
    },
  ],
  row: z.object({
    oid: z.string().transform(Number),
    schema: z.string(),
    name: z.string(),
    table_schema: z.string(),
    table_name: z.string(),
    /** Of a partitioned table: it becomes valid when every partition has its part. */
    partitioned: z.boolean(),
    /** False: its making stopped before writers fill it. */
    ready: z.boolean(),
    /** Somebody makes an index on its table now. */
    building: z.boolean(),
  }),
});
export type InvalidIndex = RowOf<typeof migrateInvalidIndexes>;

/** Constraints that hold for new rows only. */
export const migrateUnvalidated = defineQuery({
  id: 'migrate.unvalidated',
  variants: [
    { min: 18, sql: unvalidated('AND k.conenforced') },
    { max: 17, sql: unvalidated('') },
  ],
  row: z.object({ oid: z.string().transform(Number), owner: z.string(), name: z.string() }),
});
export type Unvalidated = RowOf<typeof migrateUnvalidated>;

function unvalidated(more: string): string {
  return `SELECT /* pgdeck */ k.oid::int8::text AS oid, CASE WHEN k.conrelid <> 0 THEN 'TABLE ' || k.conrelid::regclass ELSE 'DOMAIN ' || k.contypid::regtype END AS owner,
  quote_ident(k.conname) AS name
FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
WHERE NOT k.convalidated ${more} AND ${USERS}
ORDER BY 2, 3`;
}

/** What there is of one name, for a statement of which nobody knows whether it took effect. */
export const migrateRelation = defineQuery({
  id: 'migrate.relation',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.oid::int8::text AS oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, i.indisvalid AS valid
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relname = $2 AND CASE WHEN $1::text IS NULL THEN n.nspname = ANY ($3::text[]) ELSE n.nspname = $1 END`,
    },
  ],
  row: z.object({
    oid: z.string().transform(Number),
    schema: z.string(),
    name: z.string(),
    kind: z.string(),
    valid: column.bool,
  }),
  params: ({
    schema,
    name,
    path,
  }: {
    schema: string | undefined;
    name: string;
    /** Schemas that a name without one is looked for in. */
    path: readonly string[];
  }) => [schema ?? null, name, path],
});
