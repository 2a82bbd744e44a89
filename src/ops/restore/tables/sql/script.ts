import { quoteIdent, quoteLiteral, quoteRelation } from '../../../../db/ident.ts';
import { plural } from '../../../../text/units.ts';
import type { ForeignKey, UniqueKey } from '../../queries/tables.ts';
import { SEEN } from '../rows/filter.ts';
import {
  type Gone,
  list,
  type Mode,
  rowsOfUnit,
  stagedColumns,
  tangledName,
  type Unit,
  wantedName,
} from '../unit.ts';
import { assertion } from './blocks.ts';
import type { Cascade } from './cascades.ts';
import { forward, forwardNew, remaking } from './made.ts';
import {
  type Count,
  deleteSurplus,
  foretell,
  identityStatements,
  insertMissing,
  insertNew,
  missingRows,
  updateChanged,
} from './merge.ts';
import {
  clashingRows,
  deleteInTheWay,
  exchangeRows,
  makeTangled,
  makeWanted,
  mayTangle,
  stuckMessage,
  stuckRows,
  takeOut,
} from './tangles.ts';

/** Everything a run of the scripts depends on. */
export interface Task {
  readonly mode: Mode;
  /** Parents first. */
  readonly units: readonly Unit[];
  readonly gone: readonly Gone[];
  /** To be made deferrable and put back. */
  readonly deferred: readonly ForeignKey[];
  readonly cascades: readonly Cascade[];
  /** Foreign keys from and to the tables. */
  readonly related: readonly ForeignKey[];
  /** Major version of the server. */
  readonly major: number;
}

/** How long a lock is waited for: whoever waits behind us waits as long. */
export const LOCK_TIMEOUT = '10s';

/** Begins the transaction; what the rows are put into is made. The rows follow, then one of the other scripts. */
export function opening(task: Task, definitions: boolean): string[] {
  return [
    'BEGIN',
    'SET SESSION client_min_messages = warning',
    ...settings(task.major),
    `CREATE TEMPORARY TABLE pgdeck_seen (n integer) ON COMMIT DROP`,
    ...(definitions ? task.gone.flatMap(remaking) : []),
    ...task.units.map(
      (unit) =>
        `CREATE TEMPORARY TABLE ${local(unit)} ON COMMIT DROP AS\n  SELECT ${list(stagedColumns(unit))} FROM ${rowsOfUnit(unit)} WHERE false`,
    ),
  ];
}

function local(unit: Unit): string {
  return unit.staging.replace(/^pg_temp\./, '');
}

function settings(major: number): string[] {
  return [
    `SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`,
    'SET LOCAL statement_timeout = 0',
    'SET LOCAL idle_in_transaction_session_timeout = 0',
    ...(major >= 17 ? ['SET LOCAL transaction_timeout = 0'] : []),
    "SET LOCAL search_path = ''",
    'SET LOCAL row_security = off',
    `SET LOCAL client_encoding = 'UTF8'`,
    "SET LOCAL datestyle = 'ISO'",
    "SET LOCAL intervalstyle = 'postgres'",
    'SET LOCAL extra_float_digits = 1',
    'SET LOCAL default_table_access_method = heap',
  ];
}

/** Everything came through, and as many rows as the backup counted. */
function arrived({ units, gone }: Task, blocks: number): string[] {
  const counted = [
    ...units.map((unit) => ({ ...unit, from: unit.staging })),
    // what inherits from it has rows of its own
    ...gone.map((one) => ({ ...one, from: `${one.partitioned ? '' : 'ONLY '}${quoteRelation(one)}` })),
  ].filter(({ rows }) => rows !== null);
  return [
    assertion(
      `(SELECT array_agg(n ORDER BY n) FROM ${SEEN}) IS DISTINCT FROM (SELECT array_agg(n) FROM generate_series(0, ${blocks}) n)`,
      "'the backup ended before all rows were read'",
    ),
    ...units.map(({ staging }) => `ANALYZE ${staging}`),
    ...counted.map(({ from, rows, shown }) =>
      assertion(
        `(SELECT count(*) FROM ${from}) <> ${rows}`,
        `${quoteLiteral(`the backup says ${plural(rows ?? 0, 'row')} of ${shown}, and has `)} || (SELECT count(*) FROM ${from})`,
      ),
    ),
  ];
}

/** Counts what would become of the rows. From the moment the rows are there, the server refuses every write. */
export function previewing(task: Task, blocks: number): string[] {
  const { units, cascades, mode } = task;
  return [
    ...settings(task.major),
    ...arrived({ ...task, gone: [] }, blocks),
    ...knots(task),
    'SET TRANSACTION READ ONLY',
    ...units.flatMap((unit, at) => [
      told('staged', at, `SELECT count(*) FROM ${unit.staging}`),
      ...foretell(unit, mode).map(([count, sql]) => told(count, at, sql)),
    ]),
    ...(mode === 'replace' ? cascades.map(({ sql }, at) => told('cascade', at, sql)) : []),
    ...(mode === 'skip_existing'
      ? []
      : units.flatMap((unit, at) => (mayTangle(unit) ? [told('stuck', at, stuckRows(unit))] : []))),
    ...clashes(task).map(({ unit, key }, at) => told('clash', at, clashingRows(unit, key, mode))),
    'ROLLBACK',
  ];
}

/** Puts the rows into the tables and commits. */
export function applying(task: Task, blocks: number): string[] {
  const { units, gone, deferred, cascades, mode } = task;
  const exclusive = units.filter((unit) => mode !== 'skip_existing' || unit.keys.length === 0);
  const identities = mode === 'skip_existing' ? [] : units.map(identityStatements);
  const alter = ({ relation, name }: ForeignKey, how: string) =>
    `ALTER TABLE ${relation} ALTER CONSTRAINT ${quoteIdent(name)} ${how}`;
  const triggers = units.flatMap(({ live }) => live.triggers);
  return [
    ...settings(task.major),
    ...arrived(task, blocks),
    assertion(
      "current_setting('session_replication_role') <> 'origin'",
      "'session_replication_role is not origin: foreign keys would not be checked'",
    ),
    told('transaction', 0, 'pg_catalog.pg_current_xact_id()'),
    // at once: to want a stronger lock later is how two sessions come to wait for each other
    ...lock(readersWait(task), 'ACCESS EXCLUSIVE'),
    // nobody may come to refer to a row in the moment in which it is not there
    ...lock(exclusive.filter((unit) => tangles(task, unit)).map(rowsOfUnit), 'EXCLUSIVE'),
    ...lock(exclusive.filter((unit) => !tangles(task, unit)).map(rowsOfUnit), 'SHARE ROW EXCLUSIVE'),
    ...deferred.map((key) => alter(key, 'DEFERRABLE INITIALLY DEFERRED')),
    'SET CONSTRAINTS ALL DEFERRED',
    ...triggers.map(
      ({ relation, name }) => `ALTER TABLE ONLY ${relation} DISABLE TRIGGER ${quoteIdent(name)}`,
    ),
    ...identities.flatMap(({ free }) => free),
    ...units.map((unit, at) => told('staged', at, `SELECT count(*) FROM ${unit.staging}`)),
    ...(mode === 'replace' ? cascades.map(({ sql }, at) => told('cascade', at, sql)) : []),
    ...changes(task),
    'SET CONSTRAINTS ALL IMMEDIATE',
    ...(mode === 'skip_existing' ? [] : units.flatMap((unit) => restored(unit, mode))),
    ...identities.flatMap(({ bind }) => bind),
    ...triggers.map(
      ({ relation, name, state }) =>
        `ALTER TABLE ONLY ${relation} ENABLE ${state === 'A' ? 'ALWAYS ' : ''}TRIGGER ${quoteIdent(name)}`,
    ),
    ...deferred.map((key) => alter(key, 'NOT DEFERRABLE')),
    ...gone.flatMap(({ after }) => after.map(({ sql }) => sql)),
    // a definition's text may set it
    "SET LOCAL search_path = ''",
    // last: a sequence does not go back with the transaction
    ...units.flatMap(forward),
    ...gone.flatMap(forwardNew),
    'COMMIT',
  ];
}

/** Tables whose definition changes for a moment: even who reads them waits until the end. */
export function readersWait({ units, deferred, mode }: Task): string[] {
  const freed =
    mode === 'skip_existing' ? [] : units.filter((unit) => identityStatements(unit).free.length > 0);
  return [...new Set([...deferred.map(({ relation }) => relation), ...freed.map(({ live }) => live.quoted)])];
}

function lock(relations: readonly string[], how: string): string[] {
  return relations.length === 0 ? [] : [`LOCK TABLE ${relations.join(', ')} IN ${how} MODE`];
}

/** Parents are written before their children, and lose rows after them. */
function changes(task: Task): string[] {
  const { units, mode } = task;
  const at = (unit: Unit) => units.indexOf(unit);
  if (mode === 'skip_existing') return units.flatMap((unit) => done('inserted', at(unit), insertNew(unit)));
  const backwards = mode === 'replace' ? units.toReversed() : [];
  return [
    ...units.flatMap((unit) => (mayTangle(unit) ? wanted(unit) : [])),
    ...backwards.flatMap((unit) => (mayTangle(unit) ? done('deleted', at(unit), deleteInTheWay(unit)) : [])),
    ...units.flatMap((unit) => {
      const insert = done('inserted', at(unit), insertMissing(unit));
      const update = [
        ...(mayTangle(unit) ? exchanging(task, unit, at(unit)) : []),
        ...done('updated', at(unit), updateChanged(unit)),
      ];
      // a value that another row gives up is free only after it; a reference to a new row holds only after it
      return unit.others.length > 0 ? [...update, ...insert] : [...insert, ...update];
    }),
    ...backwards.flatMap((unit) => done('deleted', at(unit), deleteSurplus(unit))),
  ];
}

/** Rows of it may have to be taken out and put back. */
export function tangles({ mode }: Task, unit: Unit): boolean {
  return mode !== 'skip_existing' && mayTangle(unit);
}

function wanted(unit: Unit): string[] {
  return [makeWanted(unit), `ANALYZE ${wantedName(unit)}`];
}

/** What tells beforehand which rows exchange values, and which of them cannot. */
function knots({ units, related, mode }: Task): string[] {
  if (mode === 'skip_existing') return [];
  return units
    .filter(mayHaveKnots)
    .flatMap((unit) => [
      ...wanted(unit),
      ...(mayTangle(unit) ? [makeTangled(unit, units, related, mode)] : []),
    ]);
}

function mayHaveKnots({ primary, others }: Unit): boolean {
  return primary !== undefined && others.length > 0;
}

/** Keys by which rows of the backup may be refused, with what they are of. */
export function clashes({ units, mode }: Task): { unit: Unit; key: UniqueKey }[] {
  if (mode === 'skip_existing') return [];
  return units
    .filter(mayHaveKnots)
    .flatMap((unit) => unit.others.filter(({ local }) => !local).map((key) => ({ unit, key })));
}

function exchanging({ units, related, mode }: Task, unit: Unit, at: number): string[] {
  return [
    makeTangled(unit, units, related, mode),
    `ANALYZE ${tangledName(unit)}`,
    assertion(`(${stuckRows(unit)}) > 0`, stuckMessage(unit, related)),
    ...takeOut(unit, related),
    `WITH ${exchangeRows(unit)}\n${line('updated', at, 'count(*)')} FROM done`,
  ];
}

/** Nothing of what was put back has been taken away by a foreign key or a rule of somebody else's. */
function restored(unit: Unit, mode: Mode): string[] {
  const own = rowsOfUnit(unit);
  const lacking = assertion(
    `EXISTS (SELECT FROM ${unit.staging} s WHERE ${missingRows(unit)})`,
    quoteLiteral(`rows of ${unit.shown} were taken away again by a foreign key`),
  );
  if (mode === 'merge') return [lacking];
  return [
    lacking,
    assertion(
      `(SELECT count(*) FROM ${own}) <> (SELECT count(*) FROM ${unit.staging})`,
      quoteLiteral(`${unit.shown} has other rows than the backup`),
    ),
  ];
}

/** A number that psql prints and {@link file://../rows/run.ts} reads. */
function told(count: Count | 'cascade' | 'transaction' | 'stuck' | 'clash', at: number, sql: string): string {
  return line(count, at, `(${sql})`);
}

function line(count: string, at: number, value: string): string {
  return `SELECT 'pgdeck' AS mark, '${count}' AS count, ${at} AS at, ${value} AS value`;
}

/** A statement whose rows are counted. */
function done(count: Count, at: number, sql: string | undefined): string[] {
  if (sql === undefined) return [];
  return [`WITH done AS (\n  ${sql} RETURNING 1)\n${line(count, at, 'count(*)')} FROM done`];
}

/** Statements as a file for psql. */
export function scriptText(statements: readonly string[]): string {
  return statements.map((sql) => `${sql.replace(/;\s*$/, '')};\n`).join('');
}
