import { quoteIdent } from '../../../../db/ident.ts';
import type { UniqueKey } from '../../queries/tables.ts';
import { list, rowsOfUnit, sameKey, stagedColumns, type Unit, wantedName } from '../unit.ts';

/**
 * Which rows stand in each other's way, by the keys that no two rows may share: over expressions, for some rows only,
 * exclusion constraints. The server's own text of what is compared is put beside the operators that its index uses.
 */

/** Columns of the rows that are stored, and so can be given values. */
export function storedColumns({ live }: Unit): string[] {
  return live.columns.filter(({ generated }) => !generated).map(({ name }) => name);
}

/** Columns that decide about keys, those behind computed ones included. */
export function neededColumns(unit: Unit, keys: readonly UniqueKey[]): string[] {
  const used = new Set(keys.flatMap(({ uses }) => uses));
  for (const { name, bases } of unit.live.columns)
    if (used.has(name)) for (const base of bases) used.add(base);
  return storedColumns(unit).filter((name) => used.has(name));
}

/** Whether the backup alone tells a new row's value of the key: a column that came later has a default. */
export function foreseen(unit: Unit, key: UniqueKey): boolean {
  const staged = stagedColumns(unit);
  return neededColumns(unit, [key]).every((name) => staged.includes(name));
}

/** Rows with those computed columns that the key is over. */
function withComputed({ live }: Unit, { uses }: UniqueKey, from: string): string {
  const computed = live.columns.flatMap(({ name, expression }) =>
    expression === null || !uses.includes(name) ? [] : [`(${expression}) AS ${quoteIdent(name)}`],
  );
  // computed in a level of its own: a column of the backup that is computed now has the name of one of them
  return `(SELECT ${['r.*', ...computed].join(', ')} FROM ${from} r)`;
}

/** Values of a key: k0, k1, …; the primary key of each row is p0, p1, …. */
function keyRows(unit: Unit, key: UniqueKey, from: string, extra: string): string {
  const primary = unit.primary?.columns.map((column, at) => `r.${quoteIdent(column)} AS p${at}`) ?? [];
  const values = key.values.map((value, at) => `${value} AS k${at}`);
  const where = key.predicate === null ? '' : ` WHERE ${key.predicate}`;
  return `(SELECT ${[...primary, extra, ...values].filter((part) => part !== '').join(', ')} FROM ${from} r${where})`;
}

/** Of the rows of the table as they are. */
export function heldKeys(unit: Unit, key: UniqueKey): string {
  return keyRows(unit, key, rowsOfUnit(unit), '');
}

/** Of the rows as they are wanted; `pgdeck_there` tells those that the table has in another form. */
export function wantedKeys(unit: Unit, key: UniqueKey): string {
  return keyRows(unit, key, withComputed(unit, key, wantedName(unit)), 'pgdeck_there');
}

/** Of the rows of the backup, each with its `pgdeck_id`. */
export function stagedKeys(unit: Unit, key: UniqueKey): string {
  const stored = storedColumns(unit).filter((name) => stagedColumns(unit).includes(name));
  const from = `(SELECT ${list(stored, 's.')}, s.ctid AS pgdeck_id FROM ${unit.staging} s)`;
  // without the primary key, which skip_existing can do without
  return keyRows({ ...unit, primary: undefined }, key, withComputed(unit, key, from), 'pgdeck_id');
}

/** A condition: two of such rows exclude each other. */
export function clash({ values, operators, nulls_equal }: UniqueKey, a: string, b: string): string {
  const row = (alias: string) => `ROW(${values.map((_, at) => `${alias}.k${at}`).join(', ')})::record`;
  // of records, NULL equals NULL
  if (nulls_equal) return `${row(a)} OPERATOR(pg_catalog.=) ${row(b)}`;
  return values.map((_, at) => `${a}.k${at} ${operators[at]} ${b}.k${at}`).join(' AND ');
}

/** A condition: two of such rows are the same row. */
export function same({ primary }: Unit, a: string, b: string): string {
  return (primary?.operators ?? [])
    .map((operator, at) => `${a}.p${at} ${operator} ${b}.p${at}`)
    .join(' AND ');
}

/** A condition: one of such rows is the row of the alias. */
export function isRow({ primary }: Unit, keyed: string, alias: string): string {
  return (primary?.columns ?? [])
    .map((column, at) => `${keyed}.p${at} ${primary?.operators[at]} ${alias}.${quoteIdent(column)}`)
    .join(' AND ');
}

/** A condition on `s`, a row of the backup: no row of the table excludes it, by this key. */
export function unlike(unit: Unit, key: UniqueKey): string {
  if (!key.partial && !key.nulls_equal && key.columns.every((name) => unit.columns.includes(name)))
    return `NOT EXISTS (SELECT FROM ${rowsOfUnit(unit)} x WHERE ${sameKey(key, 'x', 's')})`;
  return `NOT EXISTS (SELECT FROM ${stagedKeys(unit, key)} n JOIN ${heldKeys({ ...unit, primary: undefined }, key)} h ON ${clash(key, 'n', 'h')} WHERE n.pgdeck_id = s.ctid)`;
}
