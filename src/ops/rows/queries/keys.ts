import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

const names = (rel: string, keys: string) =>
  `(SELECT array_agg(a.attname::text ORDER BY o.ord) FROM unnest(${keys}) WITH ORDINALITY o (att, ord)
    JOIN pg_attribute a ON a.attrelid = ${rel} AND a.attnum = o.att)`;

const keys = (major: number) => `SELECT /* pgdeck */ k.oid, k.conname::text AS name,
  k.conrelid AS table_oid, n.nspname::text AS schema, c.relname::text AS table,
  k.confrelid AS parent_oid, pn.nspname::text AS parent_schema, p.relname::text AS parent,
  ${names('k.conrelid', 'k.conkey')} AS columns, ${names('k.confrelid', 'k.confkey')} AS referenced,
  (SELECT array_agg(format('OPERATOR(%I.%s)', s.nspname, o.oprname) ORDER BY u.ord) FROM unnest(k.conpfeqop) WITH ORDINALITY u (op, ord)
    JOIN pg_operator o ON o.oid = u.op JOIN pg_namespace s ON s.oid = o.oprnamespace) AS operators,
  k.confmatchtype::text AS match, k.confdeltype::text AS on_delete, k.confupdtype::text AS on_update, k.convalidated AS valid,
  ${major >= 18 ? 'k.conenforced' : 'true'} AS enforced, ${major >= 18 ? 'k.conperiod' : 'false'} AS period,
  pg_get_constraintdef(k.oid) AS definition, obj_description(k.oid, 'pg_constraint') AS comment,
  EXISTS (SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
    AND (i.indkey::int2[])[0:array_length(k.conkey, 1) - 1] @> k.conkey) AS indexed
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND c.relpersistence <> 't'
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", k.conname COLLATE "C"`;

/** Every foreign key that somebody has made: those that partitions have of their parents are not told besides. */
export const foreignKeys = defineQuery({
  id: 'rows.keys',
  variants: [
    { max: 17, sql: keys(13) },
    { min: 18, sql: keys(18) },
  ],
  row: z.object({
    oid: z.int(),
    name: z.string(),
    table_oid: z.int(),
    schema: z.string(),
    table: z.string(),
    parent_oid: z.int(),
    parent_schema: z.string(),
    parent: z.string(),
    columns: z.array(z.string()),
    /** Columns of the parent, in the order of the others. */
    referenced: z.array(z.string()),
    /** For each, the operator by which a value of the parent equals one of the table: `OPERATOR(pg_catalog.=)`. */
    operators: z.array(z.string()),
    /** `s` SIMPLE, `f` FULL. */
    match: z.string(),
    /** `a` NO ACTION, `r` RESTRICT, `c` CASCADE, `n` SET NULL, `d` SET DEFAULT. */
    on_delete: z.string(),
    on_update: z.string(),
    valid: z.boolean(),
    enforced: z.boolean(),
    /** With PERIOD, from 18 on. */
    period: z.boolean(),
    /** As SQL, with NOT VALID where it is that. */
    definition: z.string(),
    comment: column.text,
    /** An index begins with its columns. */
    indexed: z.boolean(),
  }),
});
export type ForeignKey = RowOf<typeof foreignKeys>;

/** The keys that somebody has looked at. */
export interface KnownKeys {
  /** Oids of the tables that they refer to. */
  readonly oids: readonly number[];
  /** Oids of the keys. */
  readonly keys: readonly number[];
  /** One of these tables that a run makes itself, by its name. */
  readonly own?: string;
}

const others = (
  enforced: string,
) => `SELECT /* pgdeck */ k.conname::text AS key, c.relname::text AS table FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.confrelid = ANY ($1::oid[]) AND k.oid <> ALL ($2::oid[])
  AND NOT (k.conrelid = ANY ($1::oid[]) AND k.conname = $3::text)${enforced}
ORDER BY 1`;

/** Keys that refer to tables, but for those that are known. */
export const newKeys = defineQuery({
  id: 'rows.new_keys',
  variants: [
    { max: 17, sql: others('') },
    { min: 18, sql: others(' AND k.conenforced') },
  ],
  row: z.object({ key: z.string(), table: z.string() }),
  params: ({ oids, keys, own }: KnownKeys) => [oids, keys, own ?? ''],
});

/** What can be referred to in a table: the keys of its unique indexes, the primary key first. */
export const uniqueKeys = defineQuery({
  id: 'rows.unique_keys',
  variants: [
    {
      sql: `SELECT /* pgdeck */ i.indisprimary AS primary, x.relname::text AS index,
  ${names('i.indrelid', '(i.indkey::int2[])[0:i.indnkeyatts - 1]')} AS columns,
  (SELECT bool_and(a.attnotnull) FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) AS not_null,
  i.indimmediate AS immediate
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY i.indisprimary DESC, i.indnkeyatts, x.relname COLLATE "C"`,
    },
  ],
  row: z.object({
    primary: z.boolean(),
    index: z.string(),
    columns: z.array(z.string()),
    not_null: z.boolean(),
    /** Not of a deferrable constraint: only such ones can be referred to. */
    immediate: z.boolean(),
  }),
  params: ({ oid }: { oid: number }) => [oid],
});
export type UniqueKey = RowOf<typeof uniqueKeys>;

/**
 * By which operator the server would compare a column with the one that it is to refer to, as ALTER TABLE finds it: one of
 * the index's family for both types, or for its own type where the other can be had as that without being asked to.
 */
export const keyOperators = defineQuery({
  id: 'rows.operators',
  variants: [
    {
      sql: `WITH /* pgdeck */ pair AS (SELECT w.ord, w.a, w.b FROM unnest($2::text[], $4::text[]) WITH ORDINALITY w (a, b, ord)),
typed AS (SELECT p.ord, a.attname::text AS "column", format_type(a.atttypid, a.atttypmod) AS type, b.attname::text AS referenced,
    format_type(b.atttypid, b.atttypmod) AS parent_type, coalesce(nullif(t.typbasetype, 0), t.oid) AS fk_type, oc.opcintype AS own,
    oc.opcfamily AS family, a.attcollation AS fk_collation, b.attcollation AS collation, a.attnotnull AS not_null
  FROM pair p JOIN pg_attribute a ON a.attrelid = $1::oid AND a.attname = p.a JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_attribute b ON b.attrelid = $3::oid AND b.attname = p.b
  JOIN pg_index i ON i.indexrelid = (SELECT x.indexrelid FROM pg_index x JOIN pg_class xc ON xc.oid = x.indexrelid WHERE x.indrelid = $3::oid AND xc.relname = $5::text)
  JOIN LATERAL (SELECT u.class FROM unnest(i.indkey::int2[], i.indclass::oid[]) u (att, class) WHERE u.att = b.attnum LIMIT 1) k ON true
  JOIN pg_opclass oc ON oc.oid = k.class)
SELECT /* pgdeck */ t."column", t.type, t.referenced, t.parent_type, t.not_null,
  (SELECT format('OPERATOR(%I.%s)', s.nspname, o.oprname) FROM pg_amop m JOIN pg_operator o ON o.oid = m.amopopr JOIN pg_namespace s ON s.oid = o.oprnamespace
    WHERE m.amopfamily = t.family AND m.amopstrategy = 3 AND m.amoplefttype = t.own AND (m.amoprighttype = t.fk_type OR m.amoprighttype = t.own AND (
      t.own IN (SELECT oid FROM pg_type WHERE typname IN ('anyarray', 'anyenum', 'anyrange', 'anymultirange', 'record'))
      OR EXISTS (SELECT FROM pg_cast f WHERE f.castsource = t.fk_type AND f.casttarget = t.own AND f.castcontext = 'i')))
    ORDER BY m.amoprighttype = t.fk_type DESC LIMIT 1) AS operator,
  CASE WHEN t.fk_collation <> t.collation AND t.collation <> 0 THEN
    (SELECT format('%I.%I', s.nspname, c.collname) FROM pg_collation c JOIN pg_namespace s ON s.oid = c.collnamespace WHERE c.oid = t.collation) END AS collate
FROM typed t ORDER BY t.ord`,
    },
  ],
  row: z.object({
    column: z.string(),
    type: z.string(),
    referenced: z.string(),
    parent_type: z.string(),
    not_null: z.boolean(),
    /** Null where there is none: the types do not match. */
    operator: column.text,
    /** The collation that the comparison is to have, where the columns differ in it. */
    collate: column.text,
  }),
  params: (of: {
    oid: number;
    columns: readonly string[];
    parent: number;
    referenced: readonly string[];
    /** Name of the unique index that is referred to. */
    index: string;
  }) => [of.oid, of.columns, of.parent, of.referenced, of.index],
});
