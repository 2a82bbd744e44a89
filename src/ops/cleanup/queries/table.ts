import { z } from 'zod';
import { BLOCK_SIZE } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/** A table and its partitions at any depth, the table itself first. */
const TREE = `(SELECT relid, parentrelid, isleaf, level FROM pg_partition_tree($1::oid::regclass)
  UNION ALL SELECT $1::oid, NULL, true, 0 WHERE NOT EXISTS (SELECT FROM pg_partition_tree($1::oid::regclass))) l (oid, parent, leaf, level)`;

const maintain = (major: number) =>
  major >= 17 ? "has_table_privilege(c.oid, 'MAINTAIN')" : "pg_has_role(current_user, c.relowner, 'USAGE')";

const relations = (
  major: number,
) => `SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, l.leaf,
  (c.relpages * ${BLOCK_SIZE})::float8 AS est_bytes, c.reltuples::float8 AS est_rows,
  has_table_privilege(c.oid, 'SELECT') AS may_select, has_table_privilege(c.oid, 'DELETE') AS may_delete,
  has_any_column_privilege(c.oid, 'UPDATE') AS may_update, row_security_active(c.oid) AS row_security,
  pg_has_role(current_user, d.datdba, 'USAGE') OR ${maintain(major)} AS may_vacuum,
  pg_has_role(current_user, c.relowner, 'USAGE') AS owned, pg_get_userbyid(c.relowner)::text AS owner,
  EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type = '4') AS rules,
  CASE WHEN c.relkind = 'r' THEN (SELECT count(*) FROM pg_inherits h WHERE h.inhparent = c.oid) ELSE 0 END::int AS heirs,
  ARRAY(SELECT t.tgname::text FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
    AND t.tgtype & 8 <> 0 ORDER BY t.tgname COLLATE "C") AS triggers
FROM ${TREE} JOIN pg_class c ON c.oid = l.oid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_database d ON d.datname = current_database()
ORDER BY l.level, n.nspname COLLATE "C", c.relname COLLATE "C"`;

/** What of a table and its partitions decides whether rows can be deleted from them. Sizes are relpages. */
export const cleanupRelations = defineQuery({
  id: 'cleanup.relations',
  variants: [
    { max: 16, sql: relations(13) },
    { min: 17, sql: relations(17) },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    /** `r`, `p` partitioned, `f` of another server. */
    kind: z.string(),
    leaf: z.boolean(),
    est_bytes: z.number(),
    /** -1 where nobody has counted yet. */
    est_rows: z.number(),
    may_select: z.boolean(),
    may_delete: z.boolean(),
    /** Rows are locked before they go, which takes this right on a column. */
    may_update: z.boolean(),
    /** Policies hide rows from this role, or could. */
    row_security: z.boolean(),
    may_vacuum: z.boolean(),
    owned: z.boolean(),
    owner: z.string(),
    /** A rule rewrites DELETE. */
    rules: z.boolean(),
    /** Tables that inherit from it and are no partitions. */
    heirs: z.int(),
    /** Triggers that would fire. */
    triggers: z.array(z.string()),
  }),
  params: ({ oid }: { oid: number }) => [oid],
});
export type CleanupRelation = RowOf<typeof cleanupRelations>;

/** The columns of a table that are a time, also by way of a domain. */
export const timeColumns = defineQuery({
  id: 'cleanup.time_columns',
  variants: [
    {
      sql: `SELECT /* pgdeck */ a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, b.typname::text AS kind,
  EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam WHERE i.indrelid = a.attrelid AND i.indisvalid
    AND i.indpred IS NULL AND i.indkey[0] = a.attnum AND m.amname IN ('btree', 'brin')) AS indexed
FROM pg_attribute a JOIN LATERAL (WITH RECURSIVE base AS (SELECT t.oid, t.typtype, t.typbasetype, t.typname, t.typnamespace FROM pg_type t WHERE t.oid = a.atttypid
    UNION ALL SELECT t.oid, t.typtype, t.typbasetype, t.typname, t.typnamespace FROM base JOIN pg_type t ON t.oid = base.typbasetype WHERE base.typtype = 'd')
  SELECT oid, typname FROM base WHERE typtype <> 'd' AND typnamespace = 'pg_catalog'::regnamespace) b ON true
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped AND b.typname IN ('date', 'timestamp', 'timestamptz') ORDER BY a.attnum`,
    },
  ],
  row: z.object({
    name: z.string(),
    /** As it is declared. */
    type: z.string(),
    kind: z.enum(['date', 'timestamp', 'timestamptz']),
    /** An index begins with it. */
    indexed: z.boolean(),
  }),
  params: ({ oid }: { oid: number }) => [oid],
});
export type TimeColumn = RowOf<typeof timeColumns>;

/**
 * The time that lies an age back, by the server's clock: months and days by the calendar of a zone, minutes by the clock.
 * To the second, downwards.
 */
export const cutoffOf = defineQuery({
  id: 'cleanup.cutoff',
  variants: [
    {
      sql: `SELECT /* pgdeck */ at::text AS timestamptz, (at AT TIME ZONE $1::text)::text AS timestamp, (at AT TIME ZONE $1::text)::date::text AS date
FROM (SELECT date_trunc('second', ((now() AT TIME ZONE $1::text) - make_interval(months => $2::int, days => $3::int)) AT TIME ZONE $1::text - make_interval(mins => $4::int)) AS at) x`,
    },
  ],
  row: z.object({
    /** In UTC, as all that the session prints. */
    timestamptz: z.string(),
    /** In the zone. */
    timestamp: z.string(),
    date: z.string(),
  }),
  params: (of: {
    readonly zone: string;
    readonly months: number;
    readonly days: number;
    readonly minutes: number;
  }) => [of.zone, of.months, of.days, of.minutes],
});

/** Partitions of a table or below it, whose parent is partitioned by ranges of one column: what they take, and how they are made. */
export const rangePartitions = defineQuery({
  id: 'cleanup.range_partitions',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, p.oid AS parent_oid, pn.nspname::text AS parent_schema, p.relname::text AS parent,
  a.attname::text AS key, pg_get_expr(c.relpartbound, c.oid) AS bound, pg_get_userbyid(c.relowner)::text AS owner, k.partdefid <> 0 AS has_default,
  pg_has_role(current_user, c.relowner, 'USAGE') AND pg_has_role(current_user, p.relowner, 'USAGE') AS may_drop,
  ARRAY(SELECT DISTINCT format('%I.%I', vn.nspname, v.relname) FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_class v ON v.oid = r.ev_class JOIN pg_namespace vn ON vn.oid = v.relnamespace WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND v.oid <> c.oid) AS views,
  ARRAY(SELECT DISTINCT conrelid::regclass::text FROM pg_constraint f WHERE f.contype = 'f' AND f.confrelid = c.oid AND f.conparentid = 0) AS referred_by,
  ARRAY(SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)) AS own_indexes,
  c.reloptions IS NOT NULL OR c.relacl IS NOT NULL OR obj_description(c.oid, 'pg_class') IS NOT NULL AS own_options
FROM ${TREE} JOIN pg_class c ON c.oid = l.oid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_partitioned_table k ON k.partrelid = l.parent AND k.partstrat = 'r' AND k.partnatts = 1 AND k.partattrs[0] <> 0
JOIN pg_class p ON p.oid = l.parent JOIN pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum = k.partattrs[0]
WHERE l.leaf AND c.relkind = 'r' AND k.partdefid <> c.oid ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
    },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    parent_oid: z.int(),
    parent_schema: z.string(),
    parent: z.string(),
    /** Column that the parent is partitioned by. */
    key: z.string(),
    /** `FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`. */
    bound: column.text,
    owner: z.string(),
    /** The parent has a DEFAULT partition. */
    has_default: z.boolean(),
    may_drop: z.boolean(),
    /** Views that name the partition itself. */
    views: z.array(z.string()),
    /** Tables with a foreign key to the partition itself. */
    referred_by: z.array(z.string()),
    /** Indexes that are not of the parent's. */
    own_indexes: z.array(z.string()),
    /** It has storage options, grants or a comment of its own. */
    own_options: z.boolean(),
  }),
  params: ({ oid }: { oid: number }) => [oid],
});
export type RangePartition = RowOf<typeof rangePartitions>;
