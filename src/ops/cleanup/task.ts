import { DbError } from '../../db/errors.ts';
import { fullName, quoteIdent, quoteLiteral } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { type Age, ageOf } from '../../text/age.ts';
import { engineErrors } from '../engine/errors.ts';
import { listRuns, readRun } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import { nameParts } from '../relations/names.ts';
import { resolveRelation } from '../relations/resolve.ts';
import { repositoryDirectory } from '../repository/repository.ts';
import { type OrphanTable, orphanTables, tableColumns } from '../rows/queries/tables.ts';
import { manifestOf } from './archive.ts';
import { cleanupErrors } from './errors.ts';
import { type NotedTask, type TaskFacts, unfinishedTasks, wentOnWith } from './facts.ts';
import type { CleanupInput } from './input.ts';
import { cutoffOf, type TimeColumn, timeColumns } from './queries/table.ts';
import { wholeOf } from './whole.ts';

/** One table, and which of its rows are to go. */
export interface Task {
  readonly table: OrphanTable;
  readonly column: TimeColumn;
  readonly facts: TaskFacts;
  /** What an earlier run has noted of it, where this one goes on with that. */
  readonly before: NotedTask | undefined;
}

/** What is asked for about one table. */
interface Asked {
  readonly table: string;
  readonly column: string;
  readonly older_than: string;
  readonly archive?: string | undefined;
  readonly drop_partitions?: boolean | undefined;
  readonly skip_referenced?: boolean | undefined;
}

export const shown = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  fullName(schema, name);

/** What the input means. Throws {@link OpError} for what is not there, or cannot be. */
export async function tasksOf(input: CleanupInput, context: OpContext): Promise<Task[]> {
  const session = await context.session();
  const tables = await session.run(orphanTables, undefined);
  if (input.resume !== undefined) return resumed(input.resume, session, tables, context);
  const zone = await zoneOf(context);
  const tasks: Task[] = [];
  for (const asked of askedOf(input, context))
    tasks.push(await taskOf(asked, { session, tables, zone, context }));
  const names = tasks.map(({ table }) => table.oid);
  const twice = tasks.find(({ table }, at) => names.indexOf(table.oid) < at);
  if (twice !== undefined) throw cleanupErrors.sameTable({ table: shown(twice.table) });
  return tasks;
}

/** What is asked for: by itself, or as the rules of the profile say. Throws {@link OpError}. */
function askedOf(input: CleanupInput, { cleanup, profile }: OpContext): readonly Asked[] {
  const { table, column, older_than, rule, rules } = input;
  if (rule === undefined && !rules) {
    if (table === undefined || column === undefined || older_than === undefined) return [];
    return [{ ...input, table, column, older_than }];
  }
  if (cleanup.length === 0) throw cleanupErrors.noRules({ profile });
  if (rules) return cleanup;
  const names = cleanup.map((one) => one.name ?? one.table);
  const found = cleanup[names.indexOf(rule ?? '')];
  if (found === undefined) throw cleanupErrors.noRule({ rule: rule ?? '', there: names });
  return [found];
}

/** The time zone that the role has in this database: what its application's sessions reckon in. */
async function zoneOf(context: OpContext): Promise<string> {
  const session = await context.session(undefined, 'migration');
  const [row] = await session.sql("SELECT current_setting('TimeZone') AS zone");
  return String(row?.zone);
}

interface Around {
  readonly session: Session;
  readonly tables: readonly OrphanTable[];
  readonly zone: string;
  readonly context: OpContext;
}

async function taskOf(asked: Asked, { session, tables, zone, context }: Around): Promise<Task> {
  const table = resolveRelation(tables, asked.table, { offered: ({ partition }) => !partition });
  if (table.partition)
    throw cleanupErrors.partition({ table: shown(table), parent: await wholeOf(session, table) });
  const column = await columnOf(session, table, asked.column);
  const age = ageOf(asked.older_than) ?? { months: 0, days: 0, minutes: 0 };
  const cutoff = (await cutoffFor(session, age, zone, asked.older_than))[column.kind];
  return {
    ...{ table, column, before: undefined },
    facts: {
      table: { schema: table.schema, name: table.name },
      ...{
        oid: table.oid,
        column: column.name,
        age: asked.older_than.trim(),
        kind: column.kind,
        cutoff,
        zone,
      },
      archives: asked.archive === undefined ? null : repositoryDirectory(context, asked.archive),
      drop_partitions: asked.drop_partitions ?? false,
      skip_referenced: asked.skip_referenced ?? false,
    },
  };
}

async function columnOf(session: Session, table: OrphanTable, named: string): Promise<TimeColumn> {
  const times = await session.run(timeColumns, { oid: table.oid });
  const there = times.map(({ name }) => name);
  const parts = nameParts(named);
  const is = ({ name }: { readonly name: string }) =>
    name === named || (parts?.length === 1 && parts[0] === name);
  const found = times.find(is);
  if (found !== undefined) return found;
  const any = (await session.run(tableColumns, { oid: table.oid })).find(is);
  if (any === undefined) throw cleanupErrors.noColumn({ table: shown(table), column: named, there });
  throw cleanupErrors.noTime({ table: shown(table), column: any.name, type: any.type, there });
}

/** Fixed once, by the server's clock. Throws {@link OpError} for an age beyond all times. */
async function cutoffFor(session: Session, age: Age, zone: string, text: string) {
  try {
    const [cutoff] = await session.run(cutoffOf, { zone, ...age });
    if (cutoff !== undefined) return cutoff;
  } catch (error) {
    const beyond = error instanceof DbError && ['22008', '22003', '22015'].includes(error.code ?? '');
    if (!beyond) throw error;
  }
  throw cleanupErrors.tooOld({ age: text.trim() });
}

/** What a run was about, as it was fixed then. Throws {@link OpError} where there is nothing to go on with. */
async function resumed(
  id: string,
  session: Session,
  tables: readonly OrphanTable[],
  context: OpContext,
): Promise<Task[]> {
  const run = readRun(context.journal, id);
  if (run === undefined) throw engineErrors.noRun({ run: id });
  if (run.operation !== 'cleanup') throw cleanupErrors.otherRun({ run: id, operation: run.operation });
  if (run.status === 'running') throw cleanupErrors.stillRunning({ run: id });
  if (run.undone_by !== null) throw cleanupErrors.undone({ run: id, by: run.undone_by });
  const next = wentOnWith(run, listRuns(context.journal));
  if (next !== undefined) throw cleanupErrors.wentOn({ run: id, by: next.id });
  const noted = unfinishedTasks(run.facts);
  if (noted.length === 0) throw cleanupErrors.nothingLeft({ run: id });
  const tasks: Task[] = [];
  for (const before of noted) {
    const { task: facts } = before;
    const table = tables.find(({ oid }) => oid === facts.oid);
    if (table === undefined || table.schema !== facts.table.schema || table.name !== facts.table.name)
      throw cleanupErrors.changedTable({ table: shown(facts.table) });
    const column = (await session.run(timeColumns, { oid: table.oid })).find(
      ({ name, kind }) => name === facts.column && kind === facts.kind,
    );
    if (column === undefined) throw cleanupErrors.changedTable({ table: shown(table) });
    if (before.archive !== undefined) await manifestOf(before.archive.directory, run, before);
    await refuseDetached(session, id, before);
    tasks.push({ table, column, facts, before });
  }
  return tasks;
}

/** What a run was about to drop is in its table, or gone. Throws {@link OpError}. */
async function refuseDetached(session: Session, run: string, { detached }: NotedTask): Promise<void> {
  if (detached === undefined) return;
  const pending = session.server.major >= 14 ? 'coalesce(i.inhdetachpending, false)' : 'false';
  const [row] = await session.sql(
    `SELECT NOT c.relispartition OR ${pending} AS lost FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_inherits i ON i.inhrelid = c.oid WHERE n.nspname = $1 AND c.relname = $2`,
    [detached.schema, detached.name],
  );
  if (row?.lost === true) throw cleanupErrors.detached({ run, partition: shown(detached) });
}

/** Which rows `c` are old enough: never those without a time, and those of all times. */
export function isOld({ column, kind, cutoff }: TaskFacts, c = 'c'): string {
  const at = `${c}.${quoteIdent(column)}`;
  return `${at} < ${quoteLiteral(cutoff).trim()}::${kind} AND ${at} > '-infinity'::${kind}`;
}

/** The cutoff for people, and how values are compared with it. */
export function cutoffText({ kind, cutoff, zone }: TaskFacts): string {
  if (kind === 'timestamptz') return `${cutoff}, reckoned in ${zone}`;
  if (kind === 'timestamp')
    return `${cutoff}: the column has no time zone, and is taken for ${zone}, as the role's sessions have it`;
  return `${cutoff}: the column is a day of ${zone}, and that day itself is not old enough`;
}
