import { quoteIdent } from '../../../../db/ident.ts';
import {
  differs,
  freedIdentities,
  list,
  type Mode,
  rowsOfUnit,
  sameKey,
  type Unit,
  updatable,
} from '../unit.ts';
import { foreseen, unlike } from './keys.ts';

/**
 * What happens to the rows of one table, as statements and as the questions that foretell them. `s` is a row of the
 * backup, `x` one of the table.
 */

/** Rows of the table that the backup does not have, as a condition on the alias. */
export function surplusRows(unit: Unit, alias = 'x'): string {
  const same = unit.primary ? sameKey(unit.primary, 's', alias) : 'true';
  return `NOT EXISTS (SELECT FROM ${unit.staging} s WHERE ${same})`;
}

/** Rows of the backup that the table does not have, as a condition on `s`. */
export function missingRows(unit: Unit): string {
  const same = unit.primary ? sameKey(unit.primary, 'x', 's') : 'true';
  return `NOT EXISTS (SELECT FROM ${rowsOfUnit(unit)} x WHERE ${same})`;
}

function into(unit: Unit): string {
  const overriding = unit.live.columns.some(({ identity }) => identity === 'a')
    ? ' OVERRIDING SYSTEM VALUE'
    : '';
  return `INSERT INTO ${unit.live.quoted} (${list(unit.columns)})${overriding}\n  SELECT ${list(unit.columns, 's.')} FROM`;
}

export function insertMissing(unit: Unit): string {
  return `${into(unit)} ${unit.staging} s\n  WHERE ${missingRows(unit)}`;
}

export function updateChanged(unit: Unit): string | undefined {
  const difference = differs(unit, 'x', 's');
  if (difference === undefined || unit.primary === undefined) return undefined;
  const set = updatable(unit).map((column) => `${quoteIdent(column)} = s.${quoteIdent(column)}`);
  return `UPDATE ${rowsOfUnit(unit)} x SET ${set.join(', ')}\n  FROM ${unit.staging} s WHERE ${sameKey(unit.primary, 'x', 's')} AND ${difference}`;
}

export function deleteSurplus(unit: Unit): string {
  return `DELETE FROM ${rowsOfUnit(unit)} x WHERE ${surplusRows(unit)}`;
}

/** skip_existing leaves out rows that would break any key; without keys, rows that are there already, one for one. */
export function insertNew(unit: Unit): string {
  const { keys } = unit;
  if (keys.length === 0) return `${into(unit)} ${numbered(unit, unit.staging)} s\n  WHERE ${notThere(unit)}`;
  // ON CONFLICT knows every key, those over expressions too, but none that is checked only at the end
  if (keys.some(({ deferrable }) => deferrable))
    return `${into(unit)} ${unit.staging} s\n  WHERE ${unlikeAny(unit)}`;
  return `${into(unit)} ${unit.staging} s\n  ON CONFLICT DO NOTHING`;
}

function unlikeAny(unit: Unit): string {
  const conditions = unit.keys.filter((key) => foreseen(unit, key)).map((key) => unlike(unit, key));
  return conditions.length === 0 ? 'true' : conditions.join('\n    AND ');
}

function notThere(unit: Unit): string {
  return `NOT EXISTS (SELECT FROM ${numbered(unit, rowsOfUnit(unit))} x WHERE x.pgdeck_text = s.pgdeck_text AND x.pgdeck_number = s.pgdeck_number)`;
}

/** Rows with their text, and a number that tells equal ones apart. */
function numbered(unit: Unit, from: string): string {
  return `(SELECT ${list(unit.columns, 'r.')}, ROW(${list(unit.columns, 'r.')})::text AS pgdeck_text,
    row_number() OVER (PARTITION BY ROW(${list(unit.columns, 'r.')})::text) AS pgdeck_number FROM ${from} r)`;
}

/** What will become of the rows, asked without changing any: names of counts and the queries that count them. */
export function foretell(unit: Unit, mode: Mode): [Count, string][] {
  const count = (from: string, where: string) => `SELECT count(*) FROM ${from} WHERE ${where}`;
  const { staging, primary } = unit;
  if (mode === 'skip_existing') {
    if (unit.keys.length === 0) return [['inserted', count(`${numbered(unit, staging)} s`, notThere(unit))]];
    return [['inserted', count(`${staging} s`, unlikeAny(unit))]];
  }
  const counts: [Count, string][] = [['inserted', count(`${staging} s`, missingRows(unit))]];
  const difference = differs(unit, 'x', 's');
  if (difference !== undefined && primary !== undefined)
    counts.push([
      'updated',
      count(`${rowsOfUnit(unit)} x JOIN ${staging} s ON ${sameKey(primary, 'x', 's')}`, difference),
    ]);
  if (mode === 'replace') counts.push(['deleted', count(`${rowsOfUnit(unit)} x`, surplusRows(unit))]);
  return counts;
}

export type Count = 'staged' | 'inserted' | 'updated' | 'deleted';

/** Statements before and after the rows of a table are updated where an identity would not let them. */
export function identityStatements(unit: Unit): { free: string[]; bind: string[] } {
  const alter = (column: string, kind: string) =>
    `ALTER TABLE ${unit.live.quoted} ALTER ${quoteIdent(column)} SET GENERATED ${kind}`;
  const columns = freedIdentities(unit);
  return {
    free: columns.map((column) => alter(column, 'BY DEFAULT')),
    bind: columns.map((column) => alter(column, 'ALWAYS')),
  };
}
