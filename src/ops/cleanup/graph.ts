import { DbError } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import { count } from '../../text/units.ts';
import type { ResultTable } from '../engine/plan.ts';
import { type ForeignKey, foreignKeys } from '../rows/queries/keys.ts';
import { type OrphanTable, orphanTables } from '../rows/queries/tables.ts';
import { type Below, belowSql, fromOf, type Relation, refersTo } from '../rows/sql.ts';
import { isOld, shown, type Task } from './task.ts';

/** A key that refers to the table, or to one whose rows would go with it. */
export interface GraphKey extends Below {
  readonly key: ForeignKey;
  readonly table: Relation;
  /** What it refers to. */
  readonly parent: string;
  /** 1: it refers to the table itself. */
  readonly depth: number;
  /** Of the table itself: rows that refer to rows of the same table. */
  readonly self: boolean;
  /** Rows that refer to what is to go; undefined where that could not be counted in time. */
  readonly rows: number | undefined;
}

/** How far below the table keys are followed: they may form a circle. */
const DEEPEST = 10;

/**
 * Every key below the table: those that refer to it or to one of its partitions, and below those whose rows the server
 * would delete (CASCADE) those that refer to them. Throws DbError.
 */
export async function graphOf(
  session: Session,
  task: Task,
  parts: readonly number[],
  inTime: (sql: string) => Promise<number | undefined>,
): Promise<GraphKey[]> {
  const keys = (await session.run(foreignKeys, undefined)).filter(({ enforced }) => enforced);
  const tables = await session.run(orphanTables, undefined);
  const found: GraphKey[] = [];
  const seen = new Set<number>();
  const walk = async (oids: readonly number[], of: Relation, depth: number, old: (c: string) => string) => {
    for (const key of keys.filter(({ parent_oid }) => oids.includes(parent_oid))) {
      if (seen.has(key.oid)) continue;
      seen.add(key.oid);
      const table = relationOf(key, tables);
      const self = depth === 1 && parts.includes(key.table_oid);
      const below = { columns: key.columns, referenced: key.referenced, operators: key.operators };
      const one: Below = { table, ...below };
      const c = `c${depth}`;
      const young = self ? ` AND NOT coalesce(${isOld(task.facts, 'g')}, false)` : '';
      const sql = `${belowSql(one, fromOf(of), old(c), c)}${young}`;
      const rows = key.period ? undefined : await inTime(sql);
      found.push({ ...one, table, key, parent: shown(of), depth, self, rows });
      if (key.on_delete !== 'c' || self || depth === DEEPEST) continue;
      const gone = (g: string) =>
        `EXISTS (SELECT FROM ${fromOf(of)} ${c} WHERE ${old(c)} AND ${refersTo(one, g, c)})`;
      await walk([key.table_oid], table, depth + 1, gone);
    }
  };
  await walk(parts, task.table, 1, (c) => isOld(task.facts, c));
  return found;
}

function relationOf(key: ForeignKey, tables: readonly OrphanTable[]): Relation {
  const kind = tables.find(({ oid }) => oid === key.table_oid)?.kind ?? 'r';
  return { oid: key.table_oid, schema: key.schema, name: key.table, kind };
}

/** That nobody refers to row `c`: the server would refuse that it goes, or change or delete rows that nothing is kept of. */
export function unreferred(graph: readonly GraphKey[]): string {
  return graph
    .filter(({ depth }) => depth === 1)
    .map((one) => {
      // a row may refer to itself
      const other = one.self ? ' AND (g.tableoid, g.ctid) <> (c.tableoid, c.ctid)' : '';
      return ` AND NOT EXISTS (SELECT FROM ${fromOf(one.table)} g WHERE ${refersTo(one)}${other})`;
    })
    .join('');
}

const ACTIONS: Readonly<Record<string, string>> = {
  a: 'NO ACTION',
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
};

export const actionOf = ({ key }: Pick<GraphKey, 'key'>): string => ACTIONS[key.on_delete] ?? key.on_delete;

/** The keys as they are shown. */
export function graphTable(graph: readonly GraphKey[], table: string): ResultTable[] {
  if (graph.length === 0) return [];
  return [
    {
      title: `What refers to ${table}`,
      columns: ['table', 'key', 'refers to', 'on delete', 'rows', 'index'],
      rows: graph.map((one) => [
        ...[`${'  '.repeat(one.depth - 1)}${shown(one.table)}`, one.key.name, one.parent, actionOf(one)],
        ...[one.rows === undefined ? 'not counted' : count(one.rows), one.key.indexed ? 'yes' : 'MISSING'],
      ]),
    },
  ];
}

/** Asks for a number; undefined where the server gave up. Throws DbError for what is wrong otherwise. */
export async function numberInTime(session: Session, sql: string): Promise<number | undefined> {
  try {
    const [row] = await session.sql(sql);
    return Number(row?.rows);
  } catch (error) {
    if (error instanceof DbError && error.code === '57014') return undefined;
    throw error;
  }
}
