import { quoteIdent, quoteLiteral, quoteRelation } from '../../db/ident.ts';

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'r' | 'p';
}

/** A table or a partition, by its name. */
export type Named = Pick<Relation, 'schema' | 'name'>;

/** A foreign key is not about the rows of tables that inherit; of a partitioned one it is about those of all partitions. */
export function fromOf(relation: Pick<Relation, 'schema' | 'name' | 'kind'>): string {
  return `${relation.kind === 'p' ? '' : 'ONLY '}${quoteRelation(relation)}`;
}

/** A key that refers to a table: what becomes of its rows when those go that they refer to. */
export interface Below {
  readonly table: Pick<Relation, 'schema' | 'name' | 'kind'>;
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
  /** `parent OPERATOR(…) table`, by column. */
  readonly operators: readonly string[];
}

/** Whether row `g` of the table that refers refers to row `c`. */
export function refersTo({ columns, referenced, operators }: Below, g = 'g', c = 'c'): string {
  return columns
    .map((name, at) => `${c}.${quoteIdent(referenced[at] ?? '')} ${operators[at]} ${g}.${quoteIdent(name)}`)
    .join(' AND ');
}

/** Rows of another key that refer to rows `c`; `condition` says which those are. */
export function belowSql(below: Below, of: string, condition: string, c = 'c'): string {
  return `SELECT count(*)::float8 AS rows FROM ${fromOf(below.table)} g WHERE EXISTS (SELECT FROM ${of} ${c} WHERE ${condition} AND ${refersTo(below, 'g', c)})`;
}

/** Where the rows `c` of a table or partition are that a condition is about; so many at most. */
export function placesSql(leaf: Named, condition: string, limit: number): string {
  return `COPY (SELECT c.ctid FROM ONLY ${quoteRelation(leaf)} c WHERE ${condition} LIMIT ${limit}) TO STDOUT`;
}

/** That row `c` is at one of these places. */
export function atPlaces(places: string): string {
  return `c.ctid = ANY (${quoteLiteral(places).trim()}::tid[])`;
}

/**
 * Locks those of these rows that the condition is still about and that nobody else has locked. What comes after asks
 * again, in a snapshot of its own: a row that another transaction has changed meanwhile is not looked at anew by the one
 * that waits.
 */
export function lockSql(leaf: Named, condition: string, places: string): string {
  return `SELECT count(*)::int AS rows, array_agg(x.tid)::text AS places FROM (SELECT c.ctid AS tid FROM ONLY ${quoteRelation(leaf)} c
WHERE ${atPlaces(places)} AND ${condition} FOR UPDATE OF c SKIP LOCKED) x`;
}

/** How many of these rows are there and meant by the condition. */
export function leftSql(leaf: Named, condition: string, places: string): string {
  return `SELECT count(*)::int AS rows FROM ONLY ${quoteRelation(leaf)} c WHERE ${atPlaces(places)} AND ${condition}`;
}

/** What is kept of a row is what was there, in these columns; every value in quotes, so that only NULL has none. */
export const CSV = 'TO STDOUT (FORMAT csv, FORCE_QUOTE *)';

/** Deletes these rows and gives exactly those that are gone; without columns only their number. */
export function deleteSql(
  leaf: Named,
  condition: string,
  places: string,
  columns: readonly string[] | undefined,
): string {
  const kept = columns?.map((name) => `c.${quoteIdent(name)}`).join(', ') ?? '1';
  const how = columns === undefined ? 'TO STDOUT' : CSV;
  return `COPY (DELETE FROM ONLY ${quoteRelation(leaf)} c WHERE ${atPlaces(places)} AND ${condition} RETURNING ${kept}) ${how}`;
}

/** Gives these rows as they are. */
export function copySql(leaf: Named, condition: string, places: string, columns: readonly string[]): string {
  const kept = columns.map((name) => `c.${quoteIdent(name)}`).join(', ');
  return `COPY (SELECT ${kept} FROM ONLY ${quoteRelation(leaf)} c WHERE ${atPlaces(places)} AND ${condition}) ${CSV}`;
}

/**
 * A checksum of rows `of` by what these columns of theirs are as text, in whatever order they come: the sum of 56 bits of
 * SHA-256 of each. It needs the settings of a session for rows, and no function that others could replace.
 */
export function digestOf(of: string, columns: readonly string[]): string {
  const row = columns.map((name) => `${of}.${quoteIdent(name)}`).join(', ');
  const hash = `sha256(convert_to(ROW(${row})::text, getdatabaseencoding()))`;
  return `coalesce(sum(('x' || encode(substring(${hash} FROM 1 FOR 7), 'hex'))::bit(56)::int8), 0)::text`;
}

/** Number and checksum of these rows. */
export function digestSql(
  leaf: Named,
  condition: string,
  places: string,
  columns: readonly string[],
): string {
  return `SELECT count(*)::int AS rows, ${digestOf('c', columns)} AS digest FROM ONLY ${quoteRelation(leaf)} c WHERE ${atPlaces(places)} AND ${condition}`;
}
