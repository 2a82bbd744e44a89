import { bytes, count, exact, plural } from '../../text/units.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Danger, Fact, Plan, ResultTable, Step } from '../engine/plan.ts';
import { archiveCheck } from '../rows/room.ts';
import { keyChecks, rightsCheck, rowsChecks, wayChecks } from './checks.ts';
import { type OrphansInput, rowsDirectory } from './input.ts';
import { inventory, type Key, resolveKey, shown } from './key.ts';
import { type Look, lookAt } from './look.ts';
import { listSql } from './sql.ts';
import { addStep, countStep, rowsStep, validateStep, Work } from './steps.ts';

/** Rows that break a foreign key: counted, archived and taken out, and then the key is made valid. */
export async function planOrphans(input: OrphansInput, context: OpContext): Promise<Plan> {
  const session = await context.session();
  const all = await inventory(session);
  const key = await resolveKey(input, session, all);
  const look = await lookAt(session, key, input, all);
  const archives = rowsDirectory(context, input.archive);
  const tables = new Set([key.table.oid, ...look.leaves.map(({ oid }) => oid)]);
  const work = new Work({
    ...{ key, archives, context, wait: input.wait },
    expected: look.orphans.exact ? look.orphans.rows : undefined,
    removal: {
      ...{ key, leaves: look.leaves, below: look.below },
      known: all.keys.filter(({ parent_oid }) => tables.has(parent_oid)).map(({ oid }) => oid),
      how: input.action === 'set-null' ? 'set_null' : 'deleted',
      columns: look.columns.map(({ name }) => name),
      described: look.columns.map(({ name, type, generated }) => ({ name, type, generated })),
      serverVersion: session.server.version,
    },
  });
  const done = key.there?.valid === true;
  const idle = look.orphans.exact && look.orphans.rows === 0;
  const takes = input.action !== 'keep' && !idle && !done;
  const danger: Danger = input.action === 'keep' ? 'none' : takes ? 'type-name' : 'confirm';
  const checks: Check[] = [
    ...(await wayChecks(context, [look.facts, look.parent], input.wait)),
    ...keyChecks(key, look),
    ...rightsCheck(look, input.action, session.server.user),
    ...rowsChecks(key, look, input.action),
    ...(takes ? [await archiveCheck(archives, sizeOf(look))] : []),
  ];
  return {
    operation: 'orphans',
    title: titleOf(input, key, takes),
    subject: shown(key.table),
    danger,
    writes: input.action !== 'keep',
    server: context.place,
    input: { ...input },
    facts: factsOf(input, key, look, { archives, takes }),
    tables: tablesOf(key, look),
    checks,
    steps: done ? [] : stepsOf(input, work, { takes, major: session.server.major }),
    ...(takes && { consequence: consequenceOf(input, key, look, archives) }),
    ...(input.action !== 'keep' && {
      locks: [{ family: 'orphans', database: session.server.database }],
      undo: 'undo' as const,
      undoableInPart: () => work.keyChanged || work.rows > 0,
    }),
    reaches: () => reached(input, work),
    leaves: () => left(input, work),
  };
}

function titleOf({ action: then }: OrphansInput, key: Key, takes: boolean): string {
  const table = shown(key.table);
  if (then === 'keep') return `Count the orphans of ${table}`;
  if (takes) return `${then === 'delete' ? 'Delete' : 'Set null'} the orphans of ${table}`;
  return key.there === undefined ? `Add ${key.name} to ${table}` : `Validate ${key.name} of ${table}`;
}

/** On a partitioned table a key cannot be NOT VALID before 18. */
function stepsOf(
  { action: then }: OrphansInput,
  work: Work,
  { takes, major }: { takes: boolean; major: number },
): Step[] {
  const { key } = work;
  if (then === 'keep') return [countStep(key)];
  const missing = key.there === undefined;
  const atOnce = missing && key.table.kind === 'p' && major < 18;
  return [
    ...(missing && !atOnce ? [addStep(work)] : []),
    ...(takes ? [rowsStep(work)] : []),
    validateStep(work, atOnce),
  ];
}

function factsOf(
  { action: then }: OrphansInput,
  key: Key,
  { orphans, facts, leaves }: Look,
  { archives, takes }: { archives: string; takes: boolean },
): Fact[] {
  const state =
    key.there === undefined
      ? 'is missing'
      : key.there.valid
        ? 'is valid: nothing is left to do'
        : 'is there, NOT VALID';
  const guess =
    orphans.rows === 0 ? 'not counted: some rows' : `about ${count(orphans.rows)}, as the planner guesses,`;
  const rows = orphans.exact ? exact(orphans.rows) : guess;
  const size = leaves.reduce((sum, one) => sum + one.est_bytes, 0);
  return [
    { label: 'Key', value: `${key.name} ${state}` },
    { label: 'It says', value: key.definition },
    { label: 'Orphans', value: `${rows} of ${shown(facts)}` },
    {
      label: 'Table',
      value: `${leaves.some(({ est_rows }) => est_rows < 0) ? 'size not known yet' : `~${bytes(size)}`}${key.table.kind === 'p' ? `, ${plural(leaves.length, 'partition')}` : ''}`,
    },
    { label: 'List them', value: listSql(key) },
    ...(takes ? [{ label: 'Archive', value: archives }] : []),
    ...(then === 'keep' ? [] : [{ label: 'Afterwards', value: `no orphans, and ${key.name} is valid` }]),
  ];
}

const ACTIONS: Readonly<Record<string, string>> = {
  a: 'NO ACTION',
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
};

function tablesOf(key: Key, { sample, below }: Look): ResultTable[] {
  return [
    ...(sample.length === 0
      ? []
      : [
          {
            title: `What most of them refer to in vain: ${key.columns.join(', ')}`,
            columns: ['value', 'rows'],
            rows: sample.map(([value, rows]) => [value, exact(rows)]),
          },
        ]),
    ...(below.length === 0
      ? []
      : [
          {
            title: 'Keys that refer to these rows',
            columns: ['table', 'key', 'then', 'rows', 'index'],
            rows: below.map((one) => [
              ...[one.shown, one.key.name, ACTIONS[one.action] ?? one.action],
              ...[one.rows === undefined ? 'not counted' : exact(one.rows), one.key.indexed ? 'yes' : 'no'],
            ]),
          },
        ]),
  ];
}

/** About what the rows take, by their share of the table's. */
function sizeOf({ leaves, orphans }: Look): number {
  const size = leaves.reduce((sum, one) => sum + one.est_bytes, 0);
  const rows = leaves.reduce((sum, one) => sum + Math.max(0, one.est_rows), 0);
  return rows === 0 ? size : size * Math.min(1, orphans.rows / rows);
}

function consequenceOf(
  { action: then }: OrphansInput,
  key: Key,
  { orphans }: Look,
  archives: string,
): string {
  const rows = orphans.exact ? plural(orphans.rows, 'row') : `About ${count(orphans.rows)} rows`;
  const what =
    then === 'delete' ? 'are deleted' : `get NULL in ${key.columns.map((name) => name).join(', ')}`;
  return `${rows} of ${shown(key.table)} ${what}. They are kept in ${archives}, from where undo puts them back.`;
}

function taken({ action: then }: OrphansInput, work: Work): string {
  const { rows, writer, key } = work;
  if (rows === 0 || writer === undefined) return '';
  const what = then === 'delete' ? 'deleted' : 'set NULL';
  return `${plural(rows, 'row')} of ${shown(key.table)} ${rows === 1 ? 'is' : 'are'} archived in ${writer.directory} and ${what}.`;
}

function reached(input: OrphansInput, work: Work): string {
  if (input.action === 'keep') return 'No row was changed; no row breaks the key.';
  return [taken(input, work), `${work.key.name} is valid.`].filter(Boolean).join(' ');
}

function left(input: OrphansInput, work: Work): string {
  if (input.action === 'keep') return 'No row was changed.';
  const rows = taken(input, work);
  const key = work.keyChanged && work.key.there === undefined ? `${work.key.name} is there, NOT VALID.` : '';
  if (rows === '' && key === '') return 'No row was changed, and no key.';
  return [rows, key, 'Run it again to go on.'].filter(Boolean).join(' ');
}
