import { z } from 'zod';
import { BLOCK_SIZE } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/** Every table that can have a foreign key. */
export const orphanTables = defineQuery({
  id: 'rows.tables',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, c.relispartition AS partition
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
    },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    /** `p`: partitioned. */
    kind: z.enum(['r', 'p']),
    partition: z.boolean(),
  }),
});
export type OrphanTable = RowOf<typeof orphanTables>;

/** What of a table decides whether rows can be taken out of it and put back. Sizes are relpages: others wait behind locks. */
export const tableFacts = defineQuery({
  id: 'rows.table_facts',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
  pg_has_role(current_user, c.relowner, 'USAGE') AS owned, pg_get_userbyid(c.relowner)::text AS owner,
  has_table_privilege(c.oid, 'SELECT') AS may_select, has_table_privilege(c.oid, 'DELETE') AS may_delete,
  has_table_privilege(c.oid, 'UPDATE') AS may_update, has_table_privilege(c.oid, 'REFERENCES') AS may_refer,
  has_database_privilege(current_database(), 'TEMPORARY') AS may_stage,
  row_security_active(c.oid) AS row_security, c.relpersistence::text AS persistence,
  EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type IN ('2', '4')) AS rules,
  (SELECT count(*)::int FROM pg_inherits h WHERE h.inhparent = c.oid AND c.relkind = 'r') AS heirs,
  ARRAY(SELECT t.tgname::text FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
    AND t.tgtype & $2::int <> 0 ORDER BY t.tgname COLLATE "C") AS triggers
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1::oid`,
    },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    kind: z.enum(['r', 'p']),
    owned: z.boolean(),
    owner: z.string(),
    may_select: z.boolean(),
    may_delete: z.boolean(),
    may_update: z.boolean(),
    may_refer: z.boolean(),
    /** Undo puts rows into a temporary table first. */
    may_stage: z.boolean(),
    /** Policies hide rows from this role, or could. */
    row_security: z.boolean(),
    /** `p` permanent, `u` unlogged. */
    persistence: z.string(),
    /** A rule rewrites UPDATE or DELETE. */
    rules: z.boolean(),
    /** Tables that inherit from it and are no partitions: a foreign key is not about their rows. */
    heirs: z.int(),
    /** Triggers that would fire. */
    triggers: z.array(z.string()),
  }),
  params: ({ oid, event }: { oid: number; event: keyof typeof EVENTS }) => [oid, EVENTS[event]],
});
export type TableFacts = RowOf<typeof tableFacts>;

/** Bits of pg_trigger.tgtype. */
const EVENTS = { insert: 4, delete: 8, update: 16 } as const;

/** The tables that hold the rows of a table: itself, or its partitions at any depth. */
export const tableLeaves = defineQuery({
  id: 'rows.leaves',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
  (c.relpages * ${BLOCK_SIZE})::float8 AS est_bytes, c.reltuples::float8 AS est_rows,
  has_table_privilege(c.oid, 'SELECT') AS may_select, has_table_privilege(c.oid, 'DELETE') AS may_delete,
  has_table_privilege(c.oid, 'UPDATE') AS may_update, row_security_active(c.oid) AS row_security,
  EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type IN ('2', '4')) AS rules,
  ARRAY(SELECT t.tgname::text FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
    AND t.tgtype & $2::int <> 0 ORDER BY t.tgname COLLATE "C") AS triggers,
  (c.relreplident = 'n' OR c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid))
    AND EXISTS (SELECT FROM pg_publication_tables x JOIN pg_publication p ON p.pubname = x.pubname
      JOIN pg_namespace xn ON xn.nspname = x.schemaname JOIN pg_class xc ON xc.relnamespace = xn.oid AND xc.relname = x.tablename
      WHERE xc.oid IN (c.oid, $1::oid) AND CASE WHEN $2::int = 8 THEN p.pubdelete ELSE p.pubupdate END) AS unidentified
FROM (SELECT relid FROM pg_partition_tree($1::oid::regclass) WHERE isleaf UNION SELECT $1::oid WHERE NOT EXISTS (SELECT FROM pg_partition_tree($1::oid::regclass))) l (oid)
JOIN pg_class c ON c.oid = l.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind <> 'p' ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
    },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    /** `f`: of another server. */
    kind: z.string(),
    est_bytes: z.number(),
    /** -1 where nobody has counted yet. */
    est_rows: z.number(),
    may_select: z.boolean(),
    may_delete: z.boolean(),
    may_update: z.boolean(),
    row_security: z.boolean(),
    rules: z.boolean(),
    triggers: z.array(z.string()),
    /** The change is published and the table has no replica identity: the server refuses it. */
    unidentified: z.boolean(),
  }),
  params: ({ oid, event }: { oid: number; event: keyof typeof EVENTS }) => [oid, EVENTS[event]],
});
export type TableLeaf = RowOf<typeof tableLeaves>;
/** What is needed to take rows out of it. */
export type Leaf = Pick<TableLeaf, 'oid' | 'schema' | 'name' | 'kind' | 'est_bytes' | 'est_rows'>;

/** The columns of a table, in their order. */
export const tableColumns = defineQuery({
  id: 'rows.columns',
  variants: [
    {
      sql: `SELECT /* pgdeck */ a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull OR t.typnotnull AS not_null,
  a.attgenerated <> '' AS generated, a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL AS filled
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    },
  ],
  row: z.object({
    name: z.string(),
    type: z.string(),
    not_null: z.boolean(),
    generated: z.boolean(),
    /** It has a default, or is an identity. */
    filled: z.boolean(),
  }),
  params: ({ oid }: { oid: number }) => [oid],
});
export type TableColumn = RowOf<typeof tableColumns>;

/** Whether a table, or a partition of it, has a unique or an exclusion constraint that is deferrable. */
export const deferrable = defineQuery({
  id: 'rows.deferrable',
  variants: [
    {
      sql: `SELECT /* pgdeck */ EXISTS (SELECT FROM pg_index i WHERE NOT i.indimmediate
  AND (i.indrelid = $1::oid OR i.indrelid IN (SELECT relid FROM pg_partition_tree($1::oid::regclass)))) AS any`,
    },
  ],
  row: z.object({ any: z.boolean() }),
  params: ({ oid }: { oid: number }) => [oid],
});

/** What became of a transaction: `committed`, `aborted`, `in progress`; null when it was too long ago. */
export const transactionFate = defineQuery({
  id: 'rows.fate',
  variants: [{ sql: 'SELECT /* pgdeck */ pg_xact_status($1::xid8) AS fate' }],
  row: z.object({ fate: column.text }),
  params: ({ xid }: { xid: string }) => [xid],
});
