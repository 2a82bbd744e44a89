import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/** What is called by one of these names, in every schema but the system's. */
export const namedRelations = defineQuery({
  id: 'indexes.relations',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind,
  CASE WHEN c.relkind = 'p' THEN (SELECT sum(greatest(p.reltuples, 0)) FROM pg_partition_tree(c.oid) x JOIN pg_class p ON p.oid = x.relid WHERE x.isleaf)
    ELSE greatest(c.reltuples, 0) END::float8 AS est_rows, pg_has_role(current_user, c.relowner, 'USAGE') AS owned,
  CASE WHEN c.relkind = 'p' THEN (SELECT jsonb_agg(jsonb_build_array(pn.nspname, p.relname)) FROM pg_partition_tree(c.oid) x JOIN pg_class p ON p.oid = x.relid
    JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE x.isleaf AND p.relkind = 'r') END::text AS leaves
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'm', 'v', 'f') AND c.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY c.oid`,
    },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    kind: z.enum(['r', 'p', 'm', 'v', 'f']),
    /** As of the last VACUUM or ANALYZE; 0 before. */
    est_rows: z.number(),
    owned: z.boolean(),
    /** JSON of `[schema, name]`: what holds the rows of a partitioned table. */
    leaves: column.text,
  }),
  params: ({ names }: { names: readonly string[] }) => [names],
});
export type NamedRelation = RowOf<typeof namedRelations>;

/** The columns of some tables, with their statistics where this role may read them. */
export const workloadColumns = defineQuery({
  id: 'indexes.workload_columns',
  variants: [
    {
      sql: `SELECT /* pgdeck */ a.attrelid::int8::float8 AS table_oid, a.attname::text AS name, a.atttypid::regtype::text AS type,
  t.typtype IN ('e', 'r', 'm') OR t.typcategory = 'A' OR EXISTS (SELECT FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod
    WHERE m.amname = 'btree' AND o.opcdefault AND (o.opcintype = b.oid OR EXISTS (SELECT FROM pg_cast f
      WHERE f.castsource = b.oid AND f.casttarget = o.opcintype AND f.castmethod = 'b' AND f.castcontext = 'i'))) AS sortable,
  s.n_distinct::float8 AS n_distinct, s.most_common_freqs[1]::float8 AS most_common_freq
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND s.inherited = (c.relkind = 'p')
WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum`,
    },
  ],
  row: z.object({
    table_oid: z.number(),
    name: z.string(),
    type: z.string(),
    /** A B-tree can have it: not json, xml, point, box, xid and others. */
    sortable: z.boolean(),
    /** As pg_stats has it: below 0 a share of the rows; null: not known. */
    n_distinct: column.float,
    /** Share of the rows that have the most frequent value. */
    most_common_freq: column.float,
  }),
  params: ({ oids }: { oids: readonly number[] }) => [oids],
});
export type WorkloadColumn = RowOf<typeof workloadColumns>;

/** The search_path that roles get in this database when they connect; null: that of the server. */
export const searchPaths = defineQuery({
  id: 'indexes.search_paths',
  variants: [
    {
      sql: `SELECT /* pgdeck */ r.oid::int8::float8 AS oid, r.rolname::text AS role, (SELECT substr(x, 13)
  FROM pg_db_role_setting s, unnest(s.setconfig) x
  WHERE s.setrole IN (r.oid, 0) AND s.setdatabase IN (d.oid, 0) AND x LIKE 'search\\_path=%'
  ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1) AS path
FROM pg_roles r, pg_database d WHERE d.datname = current_database() AND r.oid = ANY ($1::oid[])`,
    },
  ],
  row: z.object({ oid: z.number(), role: z.string(), path: column.text }),
  params: ({ oids }: { oids: readonly number[] }) => [oids],
});

/** Which of these functions of PostgreSQL's own can stand in an index: all of the name are immutable. */
export const immutableFunctions = defineQuery({
  id: 'indexes.immutable',
  variants: [
    {
      sql: `SELECT /* pgdeck */ proname::text AS name FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ($1::text[])
GROUP BY proname HAVING bool_and(provolatile = 'i' AND prokind = 'f')`,
    },
  ],
  row: z.object({ name: z.string() }),
  params: ({ names }: { names: readonly string[] }) => [names],
});
