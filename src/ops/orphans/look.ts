import { DbError } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import { type ForeignKey, uniqueKeys } from '../rows/queries/keys.ts';
import {
  type TableColumn,
  type TableFacts,
  type TableLeaf,
  tableColumns,
  tableFacts,
  tableLeaves,
} from '../rows/queries/tables.ts';
import { type Below, belowSql, fromOf } from '../rows/sql.ts';
import type { OrphansInput } from './input.ts';
import { type Inventory, type Key, shown } from './key.ts';
import { countSql, listSql, orphanCondition, sampleSql } from './sql.ts';

/** Values of the key that are shown. */
const SAMPLE = 5;

/** A number of rows, and whether it was counted; 0 that is not exact: nobody could. */
export interface Count {
  readonly rows: number;
  readonly exact: boolean;
}

/** Another key whose rows refer to rows of the table. */
export interface BelowKey extends Below {
  readonly key: Pick<ForeignKey, 'name' | 'indexed' | 'on_delete' | 'on_update'>;
  /** The table that refers. */
  readonly shown: string;
  /** What the server does to its rows: `c`, `n`, `d`; `a` and `r` forbid the change. */
  readonly action: string;
  /** Rows that refer to rows that break the key; undefined where that could not be counted in time. */
  readonly rows: number | undefined;
}

/** What is known of a key and its rows. */
export interface Look {
  readonly facts: TableFacts;
  readonly parent: TableFacts;
  readonly leaves: readonly TableLeaf[];
  readonly columns: readonly TableColumn[];
  /** Columns by which a row is found again; undefined where nothing keeps it apart from others. */
  readonly identity: readonly string[] | undefined;
  readonly orphans: Count;
  /** The values that most of them have, as `(1, a)`, with the number of rows. */
  readonly sample: readonly (readonly [value: string, rows: number])[];
  readonly below: readonly BelowKey[];
}

/** Looks at a key and counts what breaks it; nothing is counted where the server could not compare. Throws DbError. */
export async function lookAt(
  session: Session,
  key: Key,
  { action: then }: Pick<OrphansInput, 'action'>,
  all: Inventory,
): Promise<Look> {
  const event = then === 'set-null' ? 'update' : 'delete';
  const [facts] = await session.run(tableFacts, { oid: key.table.oid, event });
  const [parent] = await session.run(tableFacts, { oid: key.parent.oid, event });
  if (facts === undefined || parent === undefined)
    throw new DbError('unsupported', `${shown(key.table)} was dropped meanwhile.`);
  const unique = await session.run(uniqueKeys, { oid: key.table.oid });
  const readable = facts.may_select && parent.may_select && !facts.row_security && !parent.row_security;
  const countable = key.faults.length === 0 && readable;
  const orphans = countable ? await counted(session, key) : { rows: 0, exact: false };
  const some = countable && orphans.rows > 0;
  return {
    facts,
    parent,
    leaves: await session.run(tableLeaves, { oid: key.table.oid, event }),
    columns: await session.run(tableColumns, { oid: key.table.oid }),
    identity: unique.find(({ not_null, immediate }) => not_null && immediate)?.columns,
    orphans,
    sample: some ? await sampled(session, key) : [],
    below: some && then !== 'keep' ? await belowKeys(session, key, then, all) : [],
  };
}

/** Exactly, if that does not take longer than a session that looks may take; else as the planner guesses. */
async function counted(session: Session, key: Key): Promise<Count> {
  const rows = await inTime(session, countSql(key));
  if (rows !== undefined) return { rows, exact: true };
  const [plan] = await session.sql(`EXPLAIN (FORMAT JSON) ${listSql(key)}`);
  const json = plan?.['QUERY PLAN'] as [{ Plan?: { 'Plan Rows'?: number } }] | undefined;
  return { rows: Math.max(1, json?.[0]?.Plan?.['Plan Rows'] ?? 1), exact: false };
}

/** Undefined where the server gave up. Throws DbError for what is wrong otherwise. */
async function inTime(session: Session, sql: string): Promise<number | undefined> {
  try {
    const [row] = await session.sql(sql);
    return Number(row?.rows);
  } catch (error) {
    if (error instanceof DbError && error.code === '57014') return undefined;
    throw error;
  }
}

async function sampled(session: Session, key: Key): Promise<Look['sample']> {
  try {
    return (await session.sql(sampleSql(key, SAMPLE))).map(
      ({ value, rows }) => [valueText(String(value)), Number(rows)] as const,
    );
  } catch (error) {
    if (error instanceof DbError && error.code === '57014') return [];
    throw error;
  }
}

/** `["1",null]` as `(1, NULL)`, one alone without parentheses. */
function valueText(json: string): string {
  const values = (JSON.parse(json) as (string | null)[]).map((value) => value ?? 'NULL');
  return values.length === 1 ? (values[0] ?? '') : `(${values.join(', ')})`;
}

/**
 * Every key that refers to the table by columns that change; also the one that is to be made, where the table refers to
 * itself: rows that refer to rows that go would be the next orphans.
 */
async function belowKeys(
  session: Session,
  key: Key,
  then: OrphansInput['action'],
  { keys, tables }: Inventory,
): Promise<BelowKey[]> {
  const change = (one: ForeignKey) =>
    then === 'delete' || one.referenced.some((name) => key.columns.includes(name));
  const found = keys
    .filter((one) => one.parent_oid === key.table.oid && one.enforced && change(one))
    .map((one) => ({
      key: one,
      table: {
        ...{ schema: one.schema, name: one.table },
        kind: tables.find(({ oid }) => oid === one.table_oid)?.kind ?? ('r' as const),
      },
      ...{ columns: one.columns, referenced: one.referenced, operators: one.operators },
      action: then === 'delete' ? one.on_delete : one.on_update,
    }));
  const self = {
    key: { name: key.name, indexed: false, on_delete: 'a', on_update: 'a' },
    ...{ table: key.table, columns: key.columns, referenced: key.referenced, operators: key.operators },
    action: 'a',
  };
  const own = key.there === undefined && key.table.oid === key.parent.oid && then === 'delete' ? [self] : [];
  const counted: BelowKey[] = [];
  for (const one of [...found, ...own]) {
    const sql = belowSql(one, fromOf(key.table), orphanCondition(key));
    counted.push({ ...one, shown: shown(one.table), rows: await inTime(session, sql) });
  }
  return counted;
}
