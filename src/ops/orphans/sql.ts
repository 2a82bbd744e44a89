import { quoteIdent, quoteRelation } from '../../db/ident.ts';
import { atPlaces, type Below, belowSql, CSV, fromOf, type Relation } from '../rows/sql.ts';

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

export function belowPlacesSql(
  below: Below,
  leaf: Pick<Relation, 'schema' | 'name'>,
  places: string,
): string {
  return belowSql(below, `ONLY ${quoteRelation(leaf)}`, atPlaces(places));
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
  return `COPY (WITH was AS MATERIALIZED (SELECT c.ctid AS place, ${aliased} FROM ONLY ${quoteRelation(leaf)} c WHERE ${atPlaces(places)} AND ${orphanCondition(key)}),
changed AS (UPDATE ONLY ${quoteRelation(leaf)} u SET ${set} FROM was WHERE u.ctid = was.place RETURNING ${values.map((v) => `was.${v}`).join(', ')})
SELECT ${values.join(', ')} FROM changed) ${CSV}`;
}
