import { quoteIdent, quoteLiteral } from '../../../../db/ident.ts';
import type { ForeignKey, UniqueKey } from '../../queries/tables.ts';
import {
  list,
  type Mode,
  rowsOfUnit,
  sameKey,
  stagedColumns,
  tangledName,
  type Unit,
  updatable,
  wantedName,
} from '../unit.ts';
import { clash, foreseen, heldKeys, isRow, neededColumns, same, storedColumns, wantedKeys } from './keys.ts';
import { surplusRows } from './merge.ts';

/**
 * Rows that exchange values of which every row has its own. The server looks at such a key row by row, so no UPDATE can
 * exchange them: they are taken out and put back in one statement, as they are wanted and with what the backup has no
 * column for. Whoever refers to them finds them at its end, where NO ACTION looks. The other actions of foreign keys
 * do not look, so they must have nobody to act upon, or must not be called.
 */

/** Keys that are checked at once, besides the primary one. */
export function watched({ others }: Unit): UniqueKey[] {
  return others.filter(({ deferrable }) => !deferrable);
}

export function mayTangle(unit: Unit): boolean {
  return unit.primary !== undefined && watched(unit).length > 0;
}

/** Makes the table of rows that are new, or get other values of a key: what decides about it, as it will be. */
export function makeWanted(unit: Unit): string {
  const { primary, staging, others } = unit;
  const needed = neededColumns(unit, others);
  const columns = [...new Set([...(primary?.columns ?? []), ...needed])].map(
    (column) =>
      `${updatable(unit).includes(column) || primary?.columns.includes(column) ? 's' : 'x'}.${quoteIdent(column)}`,
  );
  const compared = needed.filter((column) => unit.columns.includes(column));
  const row = (alias: string) => `ROW(${list(compared, `${alias}.`)})::text`;
  const first = quoteIdent(primary?.columns[0] ?? '');
  return `CREATE TEMPORARY TABLE ${local(wantedName(unit))} ON COMMIT DROP AS
  SELECT ${columns.join(', ')}, x.${first} IS NOT NULL AS pgdeck_there
  FROM ${staging} s LEFT JOIN ${rowsOfUnit(unit)} x ON ${primary ? sameKey(primary, 'x', 's') : 'true'}
  WHERE x.${first} IS NULL OR ${compared.length === 0 ? 'false' : `${row('s')} <> ${row('x')}`}`;
}

function local(name: string): string {
  return name.replace(/^pg_temp\./, '');
}

/** Wanted rows of a key: those that are new only where the backup tells their value. */
function wantedBy(unit: Unit, key: UniqueKey): string {
  const all = wantedKeys(unit, key);
  return foreseen(unit, key) ? all : `(SELECT * FROM ${all} q WHERE pgdeck_there)`;
}

/** A condition on rows of `h`: they stay, in their form or another. */
function stays(unit: Unit, mode: Mode, alias: string): string {
  if (mode !== 'replace' || unit.primary === undefined) return 'true';
  const staged = unit.primary.columns
    .map((column, at) => `${alias}.p${at} ${unit.primary?.operators[at]} s.${quoteIdent(column)}`)
    .join(' AND ');
  return `EXISTS (SELECT FROM ${unit.staging} s WHERE ${staged})`;
}

/** Deletes first what is to go anyway and is in the way of a row of the backup; undefined without such keys. */
export function deleteInTheWay(unit: Unit): string | undefined {
  const keys = watched(unit);
  if (keys.length === 0) return undefined;
  const ways = keys.map(
    (key) =>
      `EXISTS (SELECT FROM ${heldKeys(unit, key)} h JOIN ${wantedBy(unit, key)} n ON ${clash(key, 'n', 'h')} WHERE ${isRow(unit, 'h', 'x')})`,
  );
  return `DELETE FROM ${rowsOfUnit(unit)} x WHERE ${surplusRows(unit)}\n  AND (${ways.join(' OR ')})`;
}

/** Foreign keys by which a row that is taken out would take others along, or could not be taken out. */
export function acting(unit: Unit, keys: readonly ForeignKey[]): ForeignKey[] {
  return keys.filter(({ to, on_delete }) => to === unit.live.oid && on_delete !== 'a');
}

/** A condition on rows of `x`: somebody refers to them. */
function referred(unit: Unit, units: readonly Unit[], keys: readonly ForeignKey[]): string {
  const ways = keys.flatMap((key) => {
    const matches = key.columns
      .map(
        (column, at) =>
          `x.${quoteIdent(key.parent_columns[at] ?? '')} ${key.operators[at]} c.${quoteIdent(column)}`,
      )
      .join(' AND ');
    const from = key.partitioned ? key.relation : `ONLY ${key.relation}`;
    const child = units.findIndex(({ live }) => live.oid === key.from);
    const rows = units[child];
    // in a circle it may have its rows of the backup before
    const early =
      rows !== undefined &&
      child <= units.indexOf(unit) &&
      key.columns.every((column) => stagedColumns(rows).includes(column));
    return [from, ...(early ? [rows.staging] : [])].map(
      (relation) => `EXISTS (SELECT FROM ${relation} c WHERE ${matches})`,
    );
  });
  return ways.length === 0 ? 'false' : `(${ways.join(' OR ')})`;
}

/** Makes the table of the rows that exchange values, as they are. */
export function makeTangled(
  unit: Unit,
  units: readonly Unit[],
  keys: readonly ForeignKey[],
  mode: Mode,
): string {
  const { primary } = unit;
  const places = primary?.columns.map((_, at) => at) ?? [];
  const pairs = watched(unit).map(
    (key) =>
      `SELECT ${places.map((at) => `n.p${at} AS n${at}, h.p${at} AS h${at}`).join(', ')}
    FROM ${wantedKeys(unit, key)} n JOIN ${heldKeys(unit, key)} h ON ${clash(key, 'n', 'h')}
    WHERE n.pgdeck_there AND NOT (${same(unit, 'n', 'h')}) AND ${stays(unit, mode, 'h')}`,
  );
  const side = (letter: string) =>
    `SELECT ${places.map((at) => `${letter}${at} AS p${at}`).join(', ')} FROM pairs`;
  const own = acting(unit, keys);
  return `CREATE TEMPORARY TABLE ${local(tangledName(unit))} ON COMMIT DROP AS
  WITH pairs AS (${pairs.join('\n    UNION ALL ')}), both_ends AS (${side('n')} UNION ALL ${side('h')})
  SELECT ${list(storedColumns(unit), 'x.')}, ${referred(unit, units, own)} AS pgdeck_bound,
    ${referred(
      unit,
      units,
      keys.filter(({ to, to_primary }) => to === unit.live.oid && !to_primary),
    )} AS pgdeck_by_value
  FROM ${rowsOfUnit(unit)} x JOIN ${wantedName(unit)} w ON ${primary ? sameKey(primary, 'x', 'w') : 'true'}
  WHERE w.pgdeck_there AND EXISTS (SELECT FROM both_ends e WHERE ${isRow(unit, 'e', 'x')})`;
}

/** A condition on tangled rows: they cannot be taken out. */
function held(unit: Unit): string {
  if (!unit.live.may_delete) return 'true';
  return unit.released ? 'pgdeck_bound AND pgdeck_by_value' : 'pgdeck_bound';
}

/** Counts the rows that cannot be taken out, and so not exchanged. */
export function stuckRows(unit: Unit): string {
  return `SELECT count(*) FROM ${tangledName(unit)} WHERE ${held(unit)}`;
}

/** Counts rows of the backup that exclude others which stay as they are, or each other. */
export function clashingRows(unit: Unit, key: UniqueKey, mode: Mode): string {
  const { primary } = unit;
  const row = primary?.columns.map((_, at) => `n.p${at}`).join(', ') ?? '';
  const pair = (other: string) => `${wantedBy(unit, key)} n JOIN ${other} h ON ${clash(key, 'n', 'h')}`;
  const apart = `NOT (${same(unit, 'n', 'h')})`;
  const asItIs = `NOT EXISTS (SELECT FROM ${wantedName(unit)} w WHERE ${isRow(unit, 'h', 'w')})`;
  return `SELECT count(*) FROM (
    SELECT ${row} FROM ${pair(heldKeys(unit, key))} WHERE ${apart} AND ${asItIs} AND ${stays(unit, mode, 'h')}
    UNION SELECT ${row} FROM ${pair(wantedBy(unit, key))} WHERE ${apart}) q`;
}

/** Takes out those that others refer to by an action that must not be called; the next statement puts them back. */
export function takeOut(unit: Unit, keys: readonly ForeignKey[]): string[] {
  if (!unit.released || acting(unit, keys).length === 0 || unit.primary === undefined) return [];
  return [
    'SET LOCAL session_replication_role = replica',
    `DELETE FROM ${rowsOfUnit(unit)} x USING ${tangledName(unit)} d WHERE ${sameKey(unit.primary, 'x', 'd')} AND d.pgdeck_bound`,
    'SET LOCAL session_replication_role = origin',
  ];
}

/** Takes out the others and puts all of them back, as they are wanted. Counts them as `done`. */
export function exchangeRows(unit: Unit): string {
  const { primary, live } = unit;
  if (primary === undefined) throw new Error('rows without a primary key cannot be exchanged');
  const stored = storedColumns(unit);
  const values = stored.map((column) => `${unit.columns.includes(column) ? 's' : 'd'}.${quoteIdent(column)}`);
  const overriding = live.columns.some(({ identity }) => identity === 'a') ? ' OVERRIDING SYSTEM VALUE' : '';
  // the count is asked before the first row comes: all are out when the first is put back
  return `gone AS (
  DELETE FROM ${rowsOfUnit(unit)} x USING ${tangledName(unit)} d WHERE ${sameKey(primary, 'x', 'd')} AND NOT d.pgdeck_bound RETURNING 1),
done AS (
  INSERT INTO ${live.quoted} (${list(stored)})${overriding}
  SELECT ${values.join(', ')} FROM ${tangledName(unit)} d JOIN ${unit.staging} s ON ${sameKey(primary, 's', 'd')}
  WHERE (SELECT count(*) FROM gone) >= 0 RETURNING 1)`;
}

/** Why rows of a table cannot be exchanged. */
export function whyStuck(unit: Unit, keys: readonly ForeignKey[]): string {
  const which = watched(unit)
    .map(({ name }) => name)
    .join(', ');
  const exchanged = `rows of ${unit.shown} exchange values of ${which} and have to be taken out and put back for it`;
  if (!unit.live.may_delete) return `${exchanged}, and this role lacks DELETE on it`;
  const by = [...new Set(acting(unit, keys).map(({ name, relation }) => `${name} of ${relation}`))].join(
    ', ',
  );
  return unit.released
    ? `${exchanged}, and rows refer to such values by ${by}`
    : `${exchanged}, and ${by} would act upon the rows that refer to them; only a role that may set session_replication_role can pass by that`;
}

/** The message of the server when {@link stuckRows} are there after all. */
export function stuckMessage(unit: Unit, keys: readonly ForeignKey[]): string {
  return quoteLiteral(whyStuck(unit, keys));
}
