import { quoteRelation } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { bytes, count, exact as digits, plural } from '../../text/units.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Fact, Plan, ResultTable, Step } from '../engine/plan.ts';
import { shortened } from '../maintain/shared/shortened.ts';
import { backupText } from './backup.ts';
import { archiveChecks, rightsCheck, rowsText, some, taskChecks, wayChecks } from './checks.ts';
import { graphTable } from './graph.ts';
import type { CleanupInput } from './input.ts';
import { lookAt } from './look.ts';
import { dropChecks, dropSteps, wholePartitions } from './partitions.ts';
import { rowsStep } from './steps.ts';
import { cutoffText, isOld, shown, tasksOf } from './task.ts';
import { vacuumStep } from './vacuum.ts';
import { Shared, Work } from './work.ts';

/** Rows that are older than an age: counted, archived and deleted in batches, table by table. */
export async function planCleanup(input: CleanupInput, context: OpContext): Promise<Plan> {
  const session = await context.session();
  const tasks = await tasksOf(input, context);
  const shared = new Shared({ context, wait: input.wait, resumes: input.resume });
  const works: Work[] = [];
  for (const [at, task] of tasks.entries()) {
    const look = await lookAt(session, task);
    const exact = look.leaves.every((one) => one.exact);
    works.push(
      new Work(
        {
          ...{ task, look, shared, drops: await wholePartitions(session, task, look) },
          expected: exact ? rowsOf(look.leaves) : undefined,
          serverVersion: session.server.version,
        },
        at,
      ),
    );
  }
  shared.works = works;
  // what goes on with another run settles at least the archive of that
  const busy = works.filter(({ look }) => rowsOf(look.leaves) > 0 || input.resume !== undefined);
  const subject = works.map(({ name }) => name).join(',');
  const checks = await checksOf(works, busy, input, context, session);
  return {
    operation: 'cleanup',
    title: `Clean up ${some(works.map(({ name }) => name))}`,
    subject,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { ...input },
    facts: await factsOf(works, session, context, input),
    tables: works.flatMap(tablesOf),
    checks,
    steps: busy.length === 0 ? [] : stepsOf(busy, session.server.major),
    ...(busy.length > 0 && { consequence: consequenceOf(busy) }),
    locks: [{ family: 'cleanup', database: session.server.database }],
    ...(busy.some(({ task }) => task.facts.archives !== null) && { undo: 'undo' as const }),
    undoableInPart: () => works.some(({ writer }) => writer !== undefined && writer.rows > 0),
    reaches: () => works.map(stateOf).join(' '),
    leaves: () => [...works.map(stateOf), resumeText(shared)].filter(Boolean).join(' '),
  };
}

const rowsOf = (looks: readonly { readonly rows: number }[]): number =>
  looks.reduce((sum, { rows }) => sum + rows, 0);

async function checksOf(
  works: readonly Work[],
  busy: readonly Work[],
  { wait }: CleanupInput,
  context: OpContext,
  session: Session,
): Promise<Check[]> {
  const needs = new Map<string, number>();
  for (const { task, look } of busy) {
    const { archives } = task.facts;
    if (archives !== null) needs.set(archives, (needs.get(archives) ?? 0) + sizeOf(look.leaves));
  }
  return [
    ...(await wayChecks(
      context,
      works.map(({ look }) => look),
      wait,
    )),
    ...rightsCheck(works, session.server.user),
    ...(await dropChecks(session, works)),
    ...works.flatMap(({ task, look }) => taskChecks(task, look, rowsOf(look.leaves))),
    ...vacuumCheck(busy, session.server.user),
    ...(await archiveChecks(needs)),
  ];
}

function vacuumCheck(busy: readonly Work[], user: string): Check[] {
  const denied = busy.flatMap(({ look }) =>
    look.leaves.filter(({ rows, leaf }) => rows > 0 && !leaf.may_vacuum).map(({ leaf }) => shown(leaf)),
  );
  if (denied.length === 0) return [];
  const detail = `${user} may not vacuum ${some(denied)}: the room that the rows leave is free once autovacuum has been there.`;
  return [{ title: 'Vacuum', status: 'warn', detail }];
}

function stepsOf(busy: readonly Work[], major: number): Step[] {
  const several = busy.length > 1;
  const vacuum = vacuumStep(busy, major);
  return [
    ...busy.flatMap((work) => {
      const steps = [
        ...dropSteps(work),
        ...(restOf(work) > 0 || work.drops.length === 0 ? [rowsStep(work, several)] : []),
      ];
      work.steps = steps.length;
      return steps;
    }),
    ...(vacuum === undefined ? [] : [vacuum]),
  ];
}

/** Rows that go one by one. */
function restOf({ look, leaves }: Work): number {
  const oids = new Set(leaves.map(({ oid }) => oid));
  return rowsOf(look.leaves.filter(({ leaf }) => oids.has(leaf.oid)));
}

async function factsOf(
  works: readonly Work[],
  session: Session,
  context: OpContext,
  { resume }: CleanupInput,
): Promise<Fact[]> {
  const several = works.length > 1;
  const facts = works.flatMap((work) => {
    const label = (text: string) => (several ? `${work.name}: ${text.toLowerCase()}` : text);
    return taskFacts(work).map((fact) => ({ ...fact, label: label(fact.label) }));
  });
  const bare = works.some(({ task }) => task.facts.archives === null);
  return [
    ...(resume === undefined
      ? []
      : [{ label: 'Goes on with', value: `${resume}, its cutoff and its archive` }]),
    ...facts,
    ...(bare ? [{ label: 'Latest backup', value: await backupText(session, context) }] : []),
  ];
}

function taskFacts(work: Work): Fact[] {
  const { task, look } = work;
  const { leaves, foreign } = look;
  const rows = rowsOf(leaves);
  const all = leaves.reduce((sum, one) => sum + Math.max(0, one.all), 0);
  // without VACUUM or ANALYZE nobody knows
  const known = leaves.every(({ leaf }) => leaf.est_rows >= 0);
  const size = leaves.reduce((sum, one) => sum + (one.bytes ?? one.leaf.est_bytes), 0);
  const ends = (pick: 'oldest' | 'newest') =>
    leaves
      .flatMap((one) => one[pick] ?? [])
      .sort()
      .at(pick === 'oldest' ? 0 : -1) ?? 'not known';
  const nulls = leaves.reduce((sum, one) => sum + (one.nulls ?? 0), 0);
  const parts = task.table.kind === 'p' ? `, ${plural(leaves.length + foreign.length, 'partition')}` : '';
  const from = quoteRelation(task.table);
  return [
    {
      label: 'Table',
      value: `${work.name}: ${known ? `about ${count(all)} rows, ` : ''}${bytes(size)}${parts}`,
    },
    {
      label: 'Older than',
      value: `${task.facts.age}: ${task.facts.column} before ${cutoffText(task.facts)}`,
    },
    {
      label: 'Rows',
      value: `${rowsText(leaves)} to delete${rows > 0 && known ? `, about ${bytes(sizeOf(leaves))}` : ''}`,
    },
    ...(rows === 0
      ? []
      : [
          { label: 'Oldest', value: ends('oldest') },
          { label: 'Newest', value: ends('newest') },
        ]),
    ...(nulls > 0
      ? [
          {
            label: 'Without a time',
            value: `${plural(nulls, 'row')} with NULL in ${task.facts.column}: never deleted`,
          },
        ]
      : []),
    { label: 'List them', value: `SELECT * FROM ${from} c WHERE ${isOld(task.facts)}` },
    {
      label: 'Archive',
      value: task.facts.archives ?? 'none: what is deleted can only come from a backup',
    },
  ];
}

/** About what the rows take, by their share of each table's. */
function sizeOf(leaves: Work['look']['leaves']): number {
  return leaves.reduce((sum, { rows, all, bytes: size, leaf }) => {
    const whole = size ?? leaf.est_bytes;
    return sum + (all <= 0 ? (rows > 0 ? whole : 0) : whole * Math.min(1, rows / all));
  }, 0);
}

function tablesOf(work: Work): ResultTable[] {
  const { task, look, drops, name } = work;
  const whole = new Set(drops.map(({ oid }) => oid));
  const parts: ResultTable[] =
    task.table.kind === 'r'
      ? []
      : [
          shortened({
            title: `Partitions of ${name}`,
            columns: ['partition', 'rows to delete', 'of about', 'how'],
            rows: [
              ...look.leaves.map((one) => [
                ...[shown(one.leaf), rowsText([one]), count(Math.max(0, one.all))],
                one.rows === 0 ? 'stays as it is' : whole.has(one.leaf.oid) ? 'dropped' : 'row by row',
              ]),
              ...look.foreign.map((one) => [shown(one), '-', '-', 'foreign: left alone']),
            ],
          }),
        ];
  return [...parts, ...graphTable(look.graph, name)];
}

function consequenceOf(busy: readonly Work[]): string {
  return busy
    .map(({ name, look, task, drops }) => {
      const rows = rowsText(look.leaves);
      const dropped = drops.length === 0 ? '' : ` ${plural(drops.length, 'partition')} of it are dropped.`;
      const { archives } = task.facts;
      const kept =
        archives === null
          ? 'Nothing is archived: what is deleted can only come from a backup.'
          : `They are kept in ${archives}, from where pgdeck cleanup restore puts them back.`;
      return `${rows} rows of ${name} are deleted.${dropped} ${kept}`;
    })
    .join(' ');
}

function stateOf({ name, rows, directory }: Work): string {
  if (rows === 0) return `No row of ${name} was deleted.`;
  const kept = directory === undefined ? '' : `archived in ${directory} and `;
  return `${digits(rows)} ${rows === 1 ? 'row' : 'rows'} of ${name} ${rows === 1 ? 'is' : 'are'} ${kept}deleted.`;
}

function resumeText({ run }: Shared): string {
  return run === undefined ? '' : `To go on: pgdeck cleanup --resume ${run} --execute`;
}
