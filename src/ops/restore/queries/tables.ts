import { z } from 'zod';
import { defineQuery, type RowOf } from '../../../db/query.ts';

const text = z.string();
const key = z.object({
  name: text,
  columns: z.array(text),
  /** What is compared of a row: a column or an expression each, as SQL without the table's name. */
  values: z.array(text),
  /** The operator by which two rows stand in each other's way, of each value, with its schema. */
  operators: z.array(text),
  /** Only rows of which this holds are compared; null: all. */
  predicate: text.nullable(),
  /** NULLS NOT DISTINCT. */
  nulls_equal: z.boolean(),
  /** Columns that it depends on in any way. */
  uses: z.array(text),
  primary: z.boolean(),
  /** Over expressions, or for some rows only, or an exclusion constraint. */
  partial: z.boolean(),
  /** Two values need not be equal to exclude each other: EXCLUDE, WITHOUT OVERLAPS. */
  exclusion: z.boolean(),
  deferrable: z.boolean(),
  /** Of a partition and not of the whole table. */
  local: z.boolean(),
});

/** A key that no two rows may share. */
export type UniqueKey = z.output<typeof key>;

/** What of the live database has the names of these tables. */
export const liveTables = defineQuery({
  id: 'restore.chosen_tables',
  variants: [
    {
      sql: `
SELECT /* pgdeck */ c.oid::int8::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, c.relispartition AS partition,
  format('%I.%I', n.nspname, c.relname) AS quoted,
  pg_has_role(c.relowner, 'USAGE') AS owned,
  EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_enabled IN ('O', 'A')) AS rules,
  has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AS may_insert,
  has_table_privilege(c.oid, 'UPDATE') AS may_update, has_table_privilege(c.oid, 'DELETE') AS may_delete,
  row_security_active(c.oid) AS row_security, pg_table_size(c.oid)::text AS bytes,
  coalesce((SELECT jsonb_agg(jsonb_build_object(
      'name', a.attname, 'generated', a.attgenerated <> '', 'identity', a.attidentity,
      'required', a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = '',
      'expression', CASE WHEN a.attgenerated <> '' THEN (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
        WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) END,
      'bases', CASE WHEN a.attgenerated <> '' THEN coalesce((SELECT jsonb_agg(DISTINCT u.attname)
        FROM pg_depend d JOIN pg_attribute u ON u.attrelid = a.attrelid AND u.attnum = d.refobjsubid AND u.attnum <> a.attnum
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid > 0
          -- of the column until 14, of its expression since
          AND (d.classid = 'pg_class'::regclass AND d.objid = a.attrelid AND d.objsubid = a.attnum
            OR d.classid = 'pg_attrdef'::regclass AND d.objid IN (SELECT f.oid FROM pg_attrdef f
              WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum))), '[]') ELSE '[]' END,
      'large_object', t.typname = 'lo' AND coalesce(b.oid, t.oid) = 'pg_catalog.oid'::regtype) ORDER BY a.attnum)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
  coalesce((SELECT jsonb_agg(jsonb_build_object(
      'name', ic.relname, 'primary', i.indisprimary, 'deferrable', NOT i.indimmediate,
      'partial', i.indpred IS NOT NULL OR i.indexprs IS NOT NULL OR i.indisexclusion,
      'exclusion', i.indisexclusion, 'local', i.indrelid <> c.oid,
      -- a column of 15
      'nulls_equal', coalesce((to_jsonb(i)->>'indnullsnotdistinct')::boolean, false),
      'predicate', pg_get_expr(i.indpred, i.indrelid),
      'values', (SELECT jsonb_agg(pg_get_indexdef(i.indexrelid, k.n + 1, false) ||
          CASE WHEN co.oid IS NULL THEN '' ELSE format(' COLLATE %I.%I', con.nspname, co.collname) END ORDER BY k.n)
        FROM generate_series(0, i.indnkeyatts - 1) k(n)
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n] AND a.attnum <> 0
        LEFT JOIN pg_collation co ON co.oid = i.indcollation[k.n] AND co.oid IS DISTINCT FROM a.attcollation
        LEFT JOIN pg_namespace con ON con.oid = co.collnamespace),
      'uses', coalesce((SELECT jsonb_agg(DISTINCT a.attname) FROM pg_attribute a
        WHERE a.attrelid = i.indrelid AND a.attnum > 0 AND (a.attnum = ANY (i.indkey) OR EXISTS (SELECT FROM pg_depend d
          WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum)
          OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_constraint'::regclass AND d.objid = x.oid
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))), '[]'),
      'columns', coalesce((SELECT jsonb_agg(a.attname ORDER BY k.n)
        FROM generate_series(0, i.indnkeyatts - 1) k(n)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n]), '[]'),
      'operators', coalesce((SELECT jsonb_agg(format('OPERATOR(%I.%s)', opn.nspname, op.oprname) ORDER BY k.n)
        FROM generate_series(0, i.indnkeyatts - 1) k(n)
        JOIN pg_opclass oc ON oc.oid = i.indclass[k.n]
        LEFT JOIN pg_amop ao ON NOT i.indisexclusion AND ao.amopfamily = oc.opcfamily AND ao.amopstrategy = 3
          AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
        JOIN pg_operator op ON op.oid = CASE WHEN i.indisexclusion THEN x.conexclop[k.n + 1] ELSE ao.amopopr END
        JOIN pg_namespace opn ON opn.oid = op.oprnamespace), '[]'))
      ORDER BY i.indisprimary DESC, ic.relname)
    FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
      LEFT JOIN pg_constraint x ON x.conindid = i.indexrelid AND x.conrelid = i.indrelid AND x.contype IN ('p', 'u', 'x')
    WHERE i.indisvalid AND (i.indisunique OR i.indisexclusion) AND (i.indrelid = c.oid
      OR c.relkind = 'p' AND i.indrelid IN (SELECT relid FROM pg_partition_tree(c.oid))
        AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid))), '[]') AS keys,
  EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_enabled = 'R') OR EXISTS (SELECT FROM pg_trigger t
    WHERE (t.tgrelid = c.oid OR t.tgrelid IN (SELECT relid FROM pg_partition_tree(c.oid))) AND t.tgenabled = 'R') AS replica_only,
  coalesce((SELECT jsonb_agg(jsonb_build_object(
      'relation', format('%I.%I', tn.nspname, tc.relname), 'name', t.tgname, 'state', t.tgenabled)
      ORDER BY tc.oid, t.tgname)
    FROM pg_trigger t JOIN pg_class tc ON tc.oid = t.tgrelid JOIN pg_namespace tn ON tn.oid = tc.relnamespace
      LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
    WHERE (t.tgrelid = c.oid OR t.tgrelid IN (SELECT relid FROM pg_partition_tree(c.oid)))
      AND t.tgenabled IN ('O', 'A')
      AND (NOT t.tgisinternal OR t.tgparentid <> 0) AND (k.oid IS NULL OR k.contype = 't')), '[]') AS triggers,
  coalesce((SELECT jsonb_agg(DISTINCT jsonb_build_object(
      'sequence', format('%I.%I', sn.nspname, s.relname), 'column', a.attname, 'descending', q.seqincrement < 0,
      'oid', s.oid::int8))
    FROM (
      SELECT d.objid AS sequence, d.refobjid AS relation, d.refobjsubid AS attnum FROM pg_depend d
      WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        AND d.refobjsubid > 0
      UNION
      SELECT d.refobjid, e.adrelid, e.adnum FROM pg_depend d JOIN pg_attrdef e ON e.oid = d.objid
      WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass) u
    JOIN pg_sequence q ON q.seqrelid = u.sequence JOIN pg_class s ON s.oid = u.sequence
    JOIN pg_namespace sn ON sn.oid = s.relnamespace
    JOIN pg_attribute ua ON ua.attrelid = u.relation AND ua.attnum = u.attnum
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = ua.attname
      AND a.atttypid IN ('pg_catalog.int2'::regtype, 'pg_catalog.int4'::regtype, 'pg_catalog.int8'::regtype)
    WHERE u.relation = c.oid OR u.relation IN (SELECT relid FROM pg_partition_ancestors(c.oid))), '[]') AS sequences
FROM jsonb_to_recordset($1::jsonb) AS w(schema text, name text)
JOIN pg_namespace n ON n.nspname = w.schema
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name`,
    },
  ],
  row: z.object({
    oid: text,
    schema: text,
    name: text,
    /** pg_class.relkind. */
    kind: text,
    partition: z.boolean(),
    /** `"schema"."name"` where it needs quotes. */
    quoted: text,
    owned: z.boolean(),
    /** It has rules of CREATE RULE. */
    rules: z.boolean(),
    may_insert: z.boolean(),
    may_update: z.boolean(),
    may_delete: z.boolean(),
    row_security: z.boolean(),
    bytes: text.transform(Number),
    columns: z.array(
      z.object({
        name: text,
        generated: z.boolean(),
        /** `a`: always, `d`: by default, empty: no identity. */
        identity: text,
        /** A row must give it a value. */
        required: z.boolean(),
        /** Of one that is computed. */
        expression: text.nullable(),
        /** What it is computed from. */
        bases: z.array(text),
        large_object: z.boolean(),
      }),
    ),
    /** Its own first; those of partitions too. */
    keys: z.array(key),
    /** It has triggers or rules that work only where session_replication_role is replica. */
    replica_only: z.boolean(),
    /** Those that fire, of the table and its partitions. */
    triggers: z.array(z.object({ relation: text, name: text, state: z.enum(['O', 'A']) })),
    sequences: z.array(z.object({ sequence: text, column: text, descending: z.boolean() })),
  }),
  params: (tables: readonly { schema: string; name: string }[]) => [JSON.stringify(tables)],
});

export type LiveTable = RowOf<typeof liveTables>;

/** Every table with what it is a partition of. */
export const tableNames = defineQuery({
  id: 'restore.table_names',
  variants: [
    {
      sql: `
SELECT /* pgdeck */ n.nspname AS schema, c.relname AS name, c.relkind = 'p' AS partitioned,
  pn.nspname AS parent_schema, p.relname AS parent_name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
LEFT JOIN pg_class p ON p.oid = i.inhparent LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'`,
    },
  ],
  row: z.object({
    schema: text,
    name: text,
    partitioned: z.boolean(),
    parent_schema: text.nullable(),
    parent_name: text.nullable(),
  }),
});

/** Foreign keys from or to these tables (by oid) and their partitions, each once, as it stands on the topmost table. */
export const foreignKeys = defineQuery({
  id: 'restore.chosen_keys',
  variants: [
    {
      sql: `
WITH RECURSIVE unit AS (
  SELECT u.oid::int8::oid AS unit, r.relid FROM unnest($1::text[]) AS u(oid),
    LATERAL (SELECT u.oid::int8::oid AS relid UNION SELECT relid FROM pg_partition_tree(u.oid::int8::oid::regclass)) r),
up AS (
  SELECT k.oid AS start, k.oid AS at, k.conparentid FROM pg_constraint k
  WHERE k.contype = 'f' AND (k.conrelid IN (SELECT relid FROM unit) OR k.confrelid IN (SELECT relid FROM unit))
  UNION ALL
  SELECT up.start, k.oid, k.conparentid FROM up JOIN pg_constraint k ON k.oid = up.conparentid)
SELECT DISTINCT /* pgdeck */ k.conname AS name, format('%I.%I', cn.nspname, c.relname) AS relation,
  format('%I.%I', pn.nspname, p.relname) AS parent, c.relkind = 'p' AS partitioned,
  coalesce(cu.unit, c.oid)::int8::text AS "from", coalesce(pu.unit, p.oid)::int8::text AS "to",
  k.condeferrable AS deferrable, k.confdeltype::text AS on_delete,
  (SELECT array_agg(a.attname::text ORDER BY o.n) FROM unnest(k.conkey) WITH ORDINALITY o(attnum, n)
     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = o.attnum) AS columns,
  (SELECT array_agg(a.attname::text ORDER BY o.n) FROM unnest(k.confkey) WITH ORDINALITY o(attnum, n)
     JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = o.attnum) AS parent_columns,
  (SELECT array_agg(format('OPERATOR(%I.%s)', opn.nspname, op.oprname) ORDER BY o.n)
     FROM unnest(k.conpfeqop) WITH ORDINALITY o(oid, n) JOIN pg_operator op ON op.oid = o.oid
     JOIN pg_namespace opn ON opn.oid = op.oprnamespace) AS operators,
  EXISTS (SELECT FROM pg_index i WHERE i.indexrelid = k.conindid AND i.indisprimary) AS to_primary,
  pg_has_role(c.relowner, 'USAGE') AS owned
FROM up JOIN pg_constraint k ON k.oid = up.at AND up.conparentid = 0
JOIN pg_constraint s ON s.oid = up.start
LEFT JOIN unit cu ON cu.relid = s.conrelid LEFT JOIN unit pu ON pu.relid = s.confrelid
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
ORDER BY 2, 1`,
    },
  ],
  row: z.object({
    name: text,
    relation: text,
    parent: text,
    /** Of the referring table. */
    partitioned: z.boolean(),
    /** Oids of the chosen tables at its ends, or of the tables themselves where they are not chosen. */
    from: text,
    to: text,
    deferrable: z.boolean(),
    /** pg_constraint.confdeltype. */
    on_delete: text,
    columns: z.array(text),
    parent_columns: z.array(text),
    /** parent operator child, of each column. */
    operators: z.array(text),
    to_primary: z.boolean(),
    owned: z.boolean(),
  }),
  params: (oids: readonly string[]) => [oids],
});

export type ForeignKey = RowOf<typeof foreignKeys>;
