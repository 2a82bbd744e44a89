import { z } from 'zod';
import { defineQuery, type Query, type RowOf } from '../../../db/query.ts';
import type { Server } from '../../../db/server.ts';

/** What is said of an object beyond its name; what is as it is by default is absent. */
const attribute = z.union([z.string(), z.boolean(), z.number(), z.array(z.string())]);

const objectRow = z.object({
  /** PostgreSQL's word for it: `table`, `column`, `materialized view`. */
  kind: z.string(),
  /** Schema, relation, column: as far as it goes, unquoted. */
  name: z.array(z.string()),
  /** As the server writes it, where names are not enough: `app.double(integer)`. */
  identity: z.string().nullable(),
  attributes: z.record(z.string(), attribute),
});

/** One object of a schema, whatever its kind. */
export type CatalogObject = RowOf<Query<void, z.output<typeof objectRow>>>;

/** Expressions of one SELECT that yields objects. */
interface Objects {
  /** A literal, or an expression. */
  readonly kind: string;
  /** Expressions of the parts of the name. */
  readonly name: readonly string[];
  readonly identity?: string;
  /** Expressions by attribute; NULL leaves it out. */
  readonly attributes: Readonly<Record<string, string>>;
  /** From FROM on. */
  readonly from: string;
}

/** The SELECT of {@link Objects}. */
export function select({ kind, name, identity = 'NULL::text', attributes, from }: Objects): string {
  const pairs = Object.entries(attributes).map(([key, expression]) => `'${key}', ${expression}`);
  return `SELECT /* pgdeck */ ${kind} AS kind, ARRAY[${name.join(', ')}]::text[] AS name, ${identity} AS identity,
  jsonb_strip_nulls(jsonb_build_object(${pairs.join(',\n    ')})) AS attributes
${from}`;
}

/** A query for objects of a schema, the same on every version or made for a server. */
export function catalogQuery(
  id: string,
  sql: string | ((server: Server) => string),
): Query<void, CatalogObject> {
  return defineQuery({ id: `catalog.${id}`, variants: [{ sql }], row: objectRow });
}

/** Not the system's own, nor anybody's temporary one. `n` is the namespace. */
export const USER_SCHEMA = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;

/** Not made by an extension: that is the extension's to describe. */
export function notOfExtension(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalog}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`;
}

/** Not made by PostgreSQL for another object, with which it comes and goes. */
export function notInternal(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend i WHERE i.classid = '${catalog}'::regclass AND i.objid = ${oid} AND i.deptype = 'i')`;
}

/** NULL unless it holds. */
export function flag(condition: string): string {
  return `nullif(${condition}, false)`;
}

/** The tablespace of a relation; NULL for the database's own. `c` is the relation. */
export const TABLESPACE = '(SELECT ts.spcname::text FROM pg_tablespace ts WHERE ts.oid = c.reltablespace)';

/** A text array in a stable order. Most are NULL, and sorting nothing takes longer than the rest of a row. */
export function sorted(array: string): string {
  return `CASE WHEN ${array} IS NOT NULL THEN (SELECT to_jsonb(array_agg(o ORDER BY o COLLATE "C")) FROM unnest(${array}) o) END`;
}

/** The comment of an object: obj_description() and col_description() are functions in SQL, each call a query set up anew. */
export function comment(catalog: string, oid: string, column = '0'): string {
  return `(SELECT said.description FROM pg_description said WHERE said.objoid = ${oid} AND said.classoid = '${catalog}'::regclass AND said.objsubid = ${column})`;
}

/** Whether it fires, where that is not as it is by default. */
export function firing(column: string): string {
  return `CASE ${column} WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END`;
}
