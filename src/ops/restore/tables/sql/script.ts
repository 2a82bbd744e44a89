import { quoteIdent, quoteLiteral, quoteRelation } from '../../../../db/ident.ts';
import type { ForeignKey } from '../../../../db/views/restore/tables.ts';
import { SEEN } from '../rows/filter.ts';
import { type Gone, list, type Mode, rowsOfUnit, stagedColumns, type Unit } from '../unit.ts';
import type { Cascade } from './cascades.ts';
import {
  type Count,
  deleteInTheWay,
  deleteSurplus,
  foretell,
  identityStatements,
  insertMissing,
  insertNew,
  missingRows,
  updateChanged,
} from './merge.ts';

/** Everything a run of the scripts depends on. */
export interface Task {
  readonly mode: Mode;
  /** Parents first. */
  readonly units: readonly Unit[];
  readonly gone: readonly Gone[];
  /** To be made deferrable and put back. */
  readonly deferred: readonly ForeignKey[];
  readonly cascades: readonly Cascade[];
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

/** Grants come last: what ALTER DEFAULT PRIVILEGES gives to new tables, the old one need not have had. */
function remaking({ before }: Gone): string[] {
  const grants = before.filter(({ type }) => type === 'ACL');
  const relations = before
    .filter(({ type }) => type === 'TABLE' || type === 'SEQUENCE')
    .map(({ schema, name }) => quoteLiteral(`${quoteIdent(schema ?? '')}.${quoteIdent(name)}`));
  const body = `DECLARE r record; BEGIN
  FOR r IN SELECT DISTINCT format('REVOKE ALL ON %s %s FROM %s', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
      c.oid::pg_catalog.regclass, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END) AS revoke
    FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
    WHERE c.oid = ANY (ARRAY[${relations.join(', ')}]::pg_catalog.regclass[]) AND a.grantee <> c.relowner
  LOOP EXECUTE r.revoke; END LOOP; END`;
  return [
    ...before.filter((entry) => !grants.includes(entry)).map(({ sql }) => sql),
    block(body),
    ...grants.map(({ sql }) => sql),
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
    ...gone.map((one) => ({ ...one, from: quoteRelation(one) })),
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
        `${quoteLiteral(`the backup says ${rows} rows of ${shown}, and has `)} || (SELECT count(*) FROM ${from})`,
      ),
    ),
  ];
}

/** Readable where the names in it allow it. */
function block(body: string): string {
  return `DO ${body.includes('$do$') ? quoteLiteral(body) : `$do$ ${body} $do$`}`;
}

function assertion(wrong: string, message: string): string {
  const body = `BEGIN IF ${wrong} THEN RAISE EXCEPTION USING MESSAGE = ${message}; END IF; END`;
  return block(body);
}

/** Counts what would become of the rows. From the moment the rows are there, the server refuses every write. */
export function previewing(task: Task, blocks: number): string[] {
  const { units, cascades, mode } = task;
  return [
    ...settings(task.major),
    ...arrived({ ...task, gone: [] }, blocks),
    'SET TRANSACTION READ ONLY',
    ...units.flatMap((unit, at) => [
      told('staged', at, `SELECT count(*) FROM ${unit.staging}`),
      ...foretell(unit, mode).map(([count, sql]) => told(count, at, sql)),
    ]),
    ...(mode === 'replace' ? cascades.map(({ sql }, at) => told('cascade', at, sql)) : []),
    'ROLLBACK',
  ];
}

/** Puts the rows into the tables and commits. */
export function applying(task: Task, blocks: number): string[] {
  const { units, gone, deferred, cascades, mode } = task;
  const exclusive = units.filter((unit) => mode !== 'skip_existing' || unit.live.keys.length === 0);
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
    ...lock(exclusive.map(rowsOfUnit), 'SHARE ROW EXCLUSIVE'),
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
function changes({ units, mode }: Task): string[] {
  const at = (unit: Unit) => units.indexOf(unit);
  if (mode === 'skip_existing') return units.flatMap((unit) => done('inserted', at(unit), insertNew(unit)));
  const backwards = mode === 'replace' ? units.toReversed() : [];
  return [
    ...backwards.flatMap((unit) => done('deleted', at(unit), deleteInTheWay(unit))),
    ...units.flatMap((unit) => {
      const insert = done('inserted', at(unit), insertMissing(unit));
      const update = done('updated', at(unit), updateChanged(unit));
      // a value that another row gives up is free only after it; a reference to a new row holds only after it
      return unit.others.length > 0 ? [...update, ...insert] : [...insert, ...update];
    }),
    ...backwards.flatMap((unit) => done('deleted', at(unit), deleteSurplus(unit))),
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

/** Moves sequences past the highest value, and never back. */
function forward(unit: Unit): string[] {
  return unit.live.sequences
    .filter(({ column }) => unit.columns.includes(column))
    .map(({ sequence, column, descending }) => {
      const [most, beyond] = descending ? ['min', '<'] : ['max', '>'];
      return `SELECT 'sequence', setval(${quoteLiteral(sequence)}, m.value)
  FROM (SELECT ${most}(${quoteIdent(column)}) AS value FROM ${rowsOfUnit(unit)}) m, ${sequence} q, pg_catalog.pg_sequence p
  WHERE p.seqrelid = ${quoteLiteral(sequence)}::pg_catalog.regclass AND m.value BETWEEN p.seqmin AND p.seqmax
    AND (m.value ${beyond} q.last_value OR m.value = q.last_value AND NOT q.is_called)`;
    });
}

/** The same for the sequences of a table that was made again. */
function forwardNew({ sequences, ...table }: Gone): string[] {
  if (sequences.length === 0) return [];
  const relation = quoteLiteral(quoteRelation(table));
  const body = `DECLARE r record; highest bigint; BEGIN
  FOR r IN SELECT d.objid::pg_catalog.regclass AS sequence, a.attrelid::pg_catalog.regclass AS relation, a.attname, s.seqincrement
    FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_sequence s ON s.seqrelid = d.objid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = ${relation}::pg_catalog.regclass
      AND d.deptype IN ('a', 'i')
  LOOP
    EXECUTE format('SELECT %s(%I) FROM %s', CASE WHEN r.seqincrement < 0 THEN 'min' ELSE 'max' END, r.attname, r.relation) INTO highest;
    IF highest IS NOT NULL THEN PERFORM pg_catalog.setval(r.sequence, highest); END IF;
  END LOOP; END`;
  return [
    block(body),
    ...sequences
      .filter(({ last }) => last !== null)
      .map(
        ({ quoted, last }) => `SELECT 'sequence', setval(p.seqrelid::pg_catalog.regclass, ${last})
  FROM ${quoted} q, pg_catalog.pg_sequence p WHERE p.seqrelid = ${quoteLiteral(quoted)}::pg_catalog.regclass
    AND (${last} > q.last_value AND p.seqincrement > 0 OR ${last} < q.last_value AND p.seqincrement < 0)`,
      ),
  ];
}

/** A number that psql prints and {@link file://../rows/run.ts} reads. */
function told(count: Count | 'cascade' | 'transaction', at: number, sql: string): string {
  return `SELECT 'pgdeck', ${quoteLiteral(count)}, ${at}, (${sql})`;
}

/** A statement whose rows are counted. */
function done(count: Count, at: number, sql: string | undefined): string[] {
  if (sql === undefined) return [];
  return [
    `WITH done AS (\n  ${sql} RETURNING 1)\nSELECT 'pgdeck', ${quoteLiteral(count)}, ${at}, count(*) FROM done`,
  ];
}

/** Statements as a file for psql. */
export function scriptText(statements: readonly string[]): string {
  return statements.map((sql) => `${sql.replace(/;\s*$/, '')};\n`).join('');
}
