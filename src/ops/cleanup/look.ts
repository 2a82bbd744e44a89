import { DbError } from '../../db/errors.ts';
import { quoteIdent, quoteRelation } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { type Measures, measured } from '../maintain/checks.ts';
import { type TableColumn, tableColumns } from '../rows/queries/tables.ts';
import { type GraphKey, graphOf, numberInTime } from './graph.ts';
import { type CleanupRelation, cleanupRelations } from './queries/table.ts';
import { isOld, type Task } from './task.ts';

/** Milliseconds that counting may take; what is not counted by then is guessed. */
const BUDGET_MS = 20_000;

/** What of a table or partition is to go. */
export interface LeafLook {
  readonly leaf: CleanupRelation;
  readonly rows: number;
  /** Counted, and not as the planner guesses. */
  readonly exact: boolean;
  readonly oldest: string | null;
  readonly newest: string | null;
  /** Rows without a time, which stay; undefined where they were not counted. */
  readonly nulls: number | undefined;
  /** All of its rows, as far as is known. */
  readonly all: number;
  /** Heap, TOAST and indexes; null where somebody has locked it. */
  readonly bytes: number | null;
}

/** What is known of a table and of its rows that are to go. */
export interface Look {
  /** The table and all of its partitions. */
  readonly relations: readonly CleanupRelation[];
  /** Those that hold rows here. */
  readonly leaves: readonly LeafLook[];
  /** Partitions of other servers: they are left alone. */
  readonly foreign: readonly CleanupRelation[];
  readonly columns: readonly TableColumn[];
  readonly graph: readonly GraphKey[];
}

/** Looks at a table and counts what would go; nothing is counted that this role may not read. Throws DbError. */
export async function lookAt(session: Session, task: Task, budgetMs = BUDGET_MS): Promise<Look> {
  const relations = await session.run(cleanupRelations, { oid: task.table.oid });
  const parts = relations.filter(({ leaf, kind }) => leaf && kind === 'r');
  const readable = relations.every((one) => one.may_select && !one.row_security);
  const measures = await measured(
    session,
    parts.map(({ oid }) => oid),
  );
  const until = performance.now() + budgetMs;
  const leaves: LeafLook[] = [];
  for (const leaf of readable ? parts : [])
    leaves.push(await lookAtLeaf(session, task, leaf, measures, until));
  const rows = leaves.reduce((sum, one) => sum + one.rows, 0);
  const inTime = async (sql: string) => {
    if (!readable || rows === 0) return 0;
    return performance.now() > until ? undefined : numberInTime(session, sql);
  };
  return {
    ...{ relations, leaves },
    foreign: relations.filter(({ kind }) => kind === 'f'),
    columns: await session.run(tableColumns, { oid: task.table.oid }),
    graph: await graphOf(
      session,
      task,
      relations.map(({ oid }) => oid),
      inTime,
    ),
  };
}

async function lookAtLeaf(
  session: Session,
  task: Task,
  leaf: CleanupRelation,
  measures: Measures,
  until: number,
): Promise<LeafLook> {
  const counted = performance.now() > until ? undefined : await countLeaf(session, task, leaf);
  const bytes = measures.get(leaf.oid)?.total_bytes ?? null;
  const known = counted ?? (await guessLeaf(session, task, leaf));
  return { leaf, ...known, bytes, all: Math.max(known.rows, leaf.est_rows) };
}

type Counted = Pick<LeafLook, 'rows' | 'exact' | 'oldest' | 'newest' | 'nulls'>;

/** Counts a table or partition; undefined where the server gave up. Throws DbError for what is wrong otherwise. */
async function countLeaf(
  session: Session,
  { facts }: Task,
  leaf: CleanupRelation,
): Promise<Counted | undefined> {
  const at = `c.${quoteIdent(facts.column)}`;
  const old = isOld(facts);
  try {
    const [row] = await session.sql(
      `SELECT count(*) FILTER (WHERE ${old})::float8 AS rows, (min(${at}) FILTER (WHERE ${old}))::text AS oldest, (max(${at}) FILTER (WHERE ${old}))::text AS newest, count(*) FILTER (WHERE ${at} IS NULL)::float8 AS nulls FROM ONLY ${quoteRelation(leaf)} c WHERE ${old} OR ${at} IS NULL`,
    );
    return {
      ...{ rows: Number(row?.rows), exact: true, nulls: Number(row?.nulls) },
      ...{ oldest: textOf(row?.oldest), newest: textOf(row?.newest) },
    };
  } catch (error) {
    if (error instanceof DbError && error.code === '57014') return undefined;
    throw error;
  }
}

/** As the planner guesses; the oldest and the newest where an index has them. */
async function guessLeaf(session: Session, { facts, column }: Task, leaf: CleanupRelation): Promise<Counted> {
  const at = `c.${quoteIdent(facts.column)}`;
  const from = `FROM ONLY ${quoteRelation(leaf)} c WHERE ${isOld(facts)}`;
  const [plan] = await session.sql(`EXPLAIN (FORMAT JSON) SELECT ${from}`);
  const json = plan?.['QUERY PLAN'] as [{ Plan?: { 'Plan Rows'?: number } }] | undefined;
  const end = async (order: string) => {
    if (!column.indexed) return null;
    try {
      const [row] = await session.sql(`SELECT ${at}::text AS at ${from} ORDER BY ${at} ${order} LIMIT 1`);
      return textOf(row?.at);
    } catch (error) {
      if (error instanceof DbError && error.code === '57014') return null;
      throw error;
    }
  };
  return {
    ...{ rows: json?.[0]?.Plan?.['Plan Rows'] ?? 0, exact: false, nulls: undefined },
    ...{ oldest: await end('ASC'), newest: await end('DESC') },
  };
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
