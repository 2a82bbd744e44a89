import { quoteIdent, quoteLiteral, quoteRelation } from '../../db/ident.ts';

export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'r' | 'p';
}

/** A foreign key, there or to be made, as far as its rows are concerned. */
export interface KeyShape {
  readonly table: Relation;
  readonly parent: Relation;
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
  /** `parent OPERATOR(…) table`, by column. */
  readonly operators: readonly string[];
  /** ` COLLATE …` of a column of the table, or nothing. */
  readonly collations: readonly string[];
  readonly match: 'simple' | 'full';
}

/** A foreign key is not about the rows of tables that inherit; of a partitioned one it is about those of all partitions. */
export function fromOf(relation: Pick<Relation, 'schema' | 'name' | 'kind'>): string {
  return `${relation.kind === 'p' ? '' : 'ONLY '}${quoteRelation(relation)}`;
}

/** Whether row `c` of the table breaks the key. */
export function orphanCondition(key: KeyShape): string {
  const { columns, referenced, operators, collations, parent, match } = key;
  const own = columns.map((name) => `c.${quoteIdent(name)}`);
  const equal = own.map(
    (column, at) => `p.${quoteIdent(referenced[at] ?? '')} ${operators[at]} ${column}${collations[at] ?? ''}`,
  );
  const whole = own.map((column) => `${column} IS NOT NULL`).join(' AND ');
  const lonely = `${whole} AND NOT EXISTS (SELECT FROM ${fromOf(parent)} p WHERE ${equal.join(' AND ')})`;
  if (match === 'simple' || own.length === 1) return lonely;
  const some = own.map((column) => `${column} IS NOT NULL`).join(' OR ');
  const none = own.map((column) => `${column} IS NULL`).join(' OR ');
  return `(${lonely} OR (${some}) AND (${none}))`;
}

/** All that break the key, as a person would ask for them. */
export function listSql(key: KeyShape): string {
  return `SELECT c.* FROM ${fromOf(key.table)} c WHERE ${orphanCondition(key)}`;
}

export function countSql(key: KeyShape): string {
  return `SELECT count(*)::float8 AS rows FROM ${fromOf(key.table)} c WHERE ${orphanCondition(key)}`;
}

/** The values that most rows refer to in vain. */
export function sampleSql(key: KeyShape, limit: number): string {
  const values = key.columns.map((name) => `c.${quoteIdent(name)}::text`).join(', ');
  return `SELECT array_to_json(ARRAY[${values}])::text AS value, count(*)::float8 AS rows FROM ${fromOf(key.table)} c WHERE ${orphanCondition(key)} GROUP BY ${values} ORDER BY 2 DESC, 1 LIMIT ${limit}`;
}

/** Another key that refers to the table: what becomes of its rows when those go that they refer to. */
export interface Below {
  readonly table: Pick<Relation, 'schema' | 'name' | 'kind'>;
  readonly columns: readonly string[];
  readonly referenced: readonly string[];
  readonly operators: readonly string[];
}

/** Rows of another key that refer to rows `c`; `condition` says which those are. */
export function belowSql(below: Below, of: string, condition: string): string {
  const equal = below.columns.map(
    (name, at) => `c.${quoteIdent(below.referenced[at] ?? '')} ${below.operators[at]} g.${quoteIdent(name)}`,
  );
  return `SELECT count(*)::float8 AS rows FROM ${fromOf(below.table)} g WHERE EXISTS (SELECT FROM ${of} c WHERE ${condition} AND ${equal.join(' AND ')})`;
}

/** Where the rows of a table or partition are that break the key; so many at most. */
export function placesSql(key: KeyShape, leaf: Pick<Relation, 'schema' | 'name'>, limit: number): string {
  return `COPY (SELECT c.ctid FROM ONLY ${quoteRelation(leaf)} c WHERE ${orphanCondition(key)} LIMIT ${limit}) TO STDOUT`;
}

const at = (places: string) => `c.ctid = ANY (${quoteLiteral(places).trim()}::tid[])`;

/**
 * Locks those of these rows that still break the key and that nobody else has locked. What comes after asks again, in a
 * snapshot of its own: a row that another transaction has changed meanwhile is not looked at anew by the one that waits.
 */
export function lockSql(key: KeyShape, leaf: Pick<Relation, 'schema' | 'name'>, places: string): string {
  return `SELECT count(*)::int AS rows, array_agg(x.tid)::text AS places FROM (SELECT c.ctid AS tid FROM ONLY ${quoteRelation(leaf)} c
WHERE ${at(places)} AND ${orphanCondition(key)} FOR UPDATE OF c SKIP LOCKED) x`;
}

/** How many of these rows are there and break the key. */
export function leftSql(key: KeyShape, leaf: Pick<Relation, 'schema' | 'name'>, places: string): string {
  return `SELECT count(*)::int AS rows FROM ONLY ${quoteRelation(leaf)} c WHERE ${at(places)} AND ${orphanCondition(key)}`;
}

export function belowPlacesSql(
  below: Below,
  leaf: Pick<Relation, 'schema' | 'name'>,
  places: string,
): string {
  return belowSql(below, `ONLY ${quoteRelation(leaf)}`, at(places));
}

/** What is kept of a row is what was there, in these columns; every value in quotes, so that only NULL has none. */
const CSV = 'TO STDOUT (FORMAT csv, FORCE_QUOTE *)';

/** Deletes these rows and gives exactly those that are gone. */
export function deleteSql(
  key: KeyShape,
  leaf: Pick<Relation, 'schema' | 'name'>,
  places: string,
  columns: readonly string[],
): string {
  const kept = columns.map((name) => `c.${quoteIdent(name)}`).join(', ');
  return `COPY (DELETE FROM ONLY ${quoteRelation(leaf)} c WHERE ${at(places)} AND ${orphanCondition(key)} RETURNING ${kept}) ${CSV}`;
}

/** Sets the columns of the key to NULL and gives exactly those rows as they were before. */
export function setNullSql(
  key: KeyShape,
  leaf: Pick<Relation, 'schema' | 'name'>,
  places: string,
  columns: readonly string[],
): string {
  const aliased = columns.map((name, n) => `c.${quoteIdent(name)} AS v${n}`).join(', ');
  const values = columns.map((_, n) => `v${n}`);
  const set = key.columns.map((name) => `${quoteIdent(name)} = NULL`).join(', ');
  return `COPY (WITH was AS MATERIALIZED (SELECT c.ctid AS place, ${aliased} FROM ONLY ${quoteRelation(leaf)} c WHERE ${at(places)} AND ${orphanCondition(key)}),
changed AS (UPDATE ONLY ${quoteRelation(leaf)} u SET ${set} FROM was WHERE u.ctid = was.place RETURNING ${values.map((v) => `was.${v}`).join(', ')})
SELECT ${values.join(', ')} FROM changed) ${CSV}`;
}
