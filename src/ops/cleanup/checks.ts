import { quoteIdent, quoteRelation } from '../../db/ident.ts';
import { count, exact as digits, duration, plural } from '../../text/units.ts';
import { holdersOf, lockChecks } from '../database/holders.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { serverChecks } from '../maintain/checks.ts';
import { archiveCheck } from '../rows/room.ts';
import { actionOf, type GraphKey } from './graph.ts';
import type { Look } from './look.ts';
import type { CleanupRelation } from './queries/table.ts';
import { shown, type Task } from './task.ts';

const block = (title: string, detail: string): Check => ({ title, status: 'block', detail });
const warn = (title: string, detail: string): Check => ({ title, status: 'warn', detail });

/** Names in a sentence; of many the first ones. */
const NAMED = 5;

export function some(names: readonly string[]): string {
  const first = names.slice(0, NAMED).join(', ');
  return names.length > NAMED ? `${first} and ${names.length - NAMED} more` : first;
}

/** A table of so many bytes is read for a while. */
const BIG_BYTES = 256 * 1024 * 1024;

/** What stands in the way of taking the rows out of one table. */
export function taskChecks(task: Task, look: Look, rows: number): Check[] {
  const { facts, column, table } = task;
  const { relations, leaves, foreign, graph } = look;
  const found: Check[] = [];
  const name = shown(table);
  if (leaves.some(({ exact }) => !exact))
    found.push(
      warn(
        'Count',
        `Counting ${name} took too long: it is partly as the planner guesses. The run counts exactly.`,
      ),
    );
  if (foreign.length > 0)
    found.push(
      warn(
        'Partitions',
        `${some(foreign.map(shown))} ${foreign.length === 1 ? 'is a foreign table' : 'are foreign tables'}: rows there are neither counted nor deleted.`,
      ),
    );
  for (const { heirs } of relations)
    if (heirs > 0)
      found.push(
        warn('Inheritance', `${plural(heirs, 'table')} inherit from ${name}: rows there are left alone.`),
      );
  if (rows === 0) return found;
  const ruled = relations.filter((one) => one.rules);
  if (ruled.length > 0)
    found.push(
      block(
        'Rules',
        `A rule of ${some(ruled.map(shown))} rewrites DELETE: what it does with the rows nobody can tell. Drop or disable it first.`,
      ),
    );
  const triggers = [...new Set(relations.flatMap((one) => one.triggers))];
  if (triggers.length > 0)
    found.push(
      warn(
        'Triggers',
        `${plural(triggers.length, 'trigger')} of ${name} would fire: ${some(triggers)}. A batch that one of them suppresses, or adds rows to, is rolled back.`,
      ),
    );
  const size = leaves.reduce((sum, { leaf }) => sum + leaf.est_bytes, 0);
  if (!column.indexed && size > BIG_BYTES)
    found.push(
      warn(
        'Index',
        `No index of ${name} begins with ${facts.column}: the table is read as a whole to find the rows, and once more at the end.`,
      ),
    );
  return [...found, ...graph.flatMap((one) => graphChecks(one, facts.skip_referenced))];
}

/** Rows that nobody has asked about, and of which nothing would be kept, are neither deleted nor changed. */
function graphChecks(one: GraphKey, skip: boolean): Check[] {
  const { key, depth, self, rows } = one;
  const by = shown(one.table);
  const title = 'Rows that refer to these';
  if (key.period)
    return [block(title, `${key.name} of ${by} is about periods (PERIOD), which pgdeck does not follow.`)];
  const found: Check[] = [];
  if (!key.indexed && depth === 1)
    found.push(
      warn(
        'Index',
        `No index of ${by} begins with ${key.columns.join(', ')} (${key.name}): for each row that goes the server reads all of ${by}. Create one first.`,
      ),
    );
  if (depth > 1 || rows === 0) return found;
  const which = self ? ' that are not old enough themselves' : '';
  if (skip)
    return [
      ...found,
      warn(
        title,
        `${rows === undefined ? 'Rows' : plural(rows, 'row')} of ${by}${which} ${rows === 1 ? 'refers' : 'refer'} to some of them by ${key.name}: what is referred to stays.`,
      ),
    ];
  if (rows === undefined)
    return [
      ...found,
      warn(
        title,
        `Which rows of ${by} refer to them by ${key.name} could not be counted in time. Rows that are referred to stay, and the run is blocked then.`,
      ),
    ];
  return [
    ...found,
    block(
      title,
      `${plural(rows, 'row')} of ${by}${which} ${rows === 1 ? 'refers' : 'refer'} to rows that are to go, by ${key.name} (${actionOf(one)}). Nothing is kept of those here: clean up ${by} first, or leave out what is referred to with --skip-referenced.`,
    ),
  ];
}

/** Rights that it takes on the table and on each partition: rows are deleted from each by its name. */
const RIGHTS: readonly {
  readonly right: string;
  /** What it is needed for, where that is not plain. */
  readonly why: string;
  readonly may: (one: CleanupRelation) => boolean;
}[] = [
  { right: 'SELECT', why: '', may: (one) => one.may_select },
  { right: 'DELETE', why: '', may: (one) => one.may_delete },
  // FOR UPDATE: a row that is locked is one that may be changed
  { right: 'UPDATE', why: ' (to lock the rows first)', may: (one) => one.may_update },
];

/** What this role must be able to do, and the GRANT that lets it. */
export function rightsCheck(tasks: readonly { task: Task; look: Look }[], user: string): Check[] {
  const title = 'Rights';
  const relations = tasks.flatMap(({ look }) => look.relations.filter(({ kind }) => kind !== 'f'));
  const lacking = RIGHTS.map((one) => ({ ...one, on: relations.filter((relation) => !one.may(relation)) }));
  const lacks = lacking
    .filter(({ on }) => on.length > 0)
    .map(({ right, why, on }) => `${right}${why} on ${some(on.map(shown))}`);
  if (lacks.length > 0)
    return [
      block(title, `${user} lacks ${lacks.join('; ')}. Connect as the owner, or: ${grants(lacking, user)}`),
    ];
  const hidden = relations.filter((one) => one.row_security);
  if (hidden.length > 0)
    return [
      block(
        'Row security',
        `Policies hide rows of ${some(hidden.map(shown))} from ${user}: what is counted and deleted would not be all. Connect as the owner, or a role with BYPASSRLS.`,
      ),
    ];
  return [{ title, status: 'ok', detail: `${user} may do all of this.` }];
}

/** Tables that a GRANT names; one of more would be no line that anybody reads. */
const GRANTED = 20;

/** One statement for all tables that lack the same. */
function grants(
  lacking: readonly { readonly right: string; readonly on: readonly CleanupRelation[] }[],
  user: string,
): string {
  const on = [...new Set(lacking.flatMap((one) => one.on))];
  const rightsOf = (relation: CleanupRelation) =>
    lacking.filter((one) => one.on.includes(relation)).map(({ right }) => right);
  return [...Map.groupBy(on, (relation) => rightsOf(relation).join(', '))]
    .map(([rights, tables]) => {
      const more = tables.length - GRANTED;
      const named = tables.slice(0, GRANTED).map((one) => quoteRelation(one).trim());
      return `GRANT ${rights} ON ${named.join(', ')} TO ${quoteIdent(user)}${more > 0 ? ` (and on ${more} more)` : ''}`;
    })
    .join('; ');
}

/** Whether the archives can be written, as far as that is known before. */
export async function archiveChecks(needs: ReadonlyMap<string, number>): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [directory, need] of needs) checks.push(await archiveCheck(directory, need));
  return checks;
}

/** The server, and who is in the way of the locks. */
export async function wayChecks(context: OpContext, looks: readonly Look[], wait: number): Promise<Check[]> {
  const session = await context.session();
  const own = await serverChecks(context, session);
  const oids = looks.flatMap(({ leaves }) => leaves.map(({ leaf }) => leaf.oid));
  const holders = await holdersOf(session, oids, 'RowExclusiveLock');
  return [...own, ...lockChecks(holders, `It is tried for ${duration(wait)}.`)];
}

/** `1,234`, or `about 1.2k` where it was not counted. */
export function rowsText(looks: readonly { rows: number; exact: boolean }[]): string {
  const rows = looks.reduce((sum, one) => sum + one.rows, 0);
  return looks.every(({ exact }) => exact) ? digits(rows) : `about ${count(rows)}`;
}
