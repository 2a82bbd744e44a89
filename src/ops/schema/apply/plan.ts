import { DbError } from '../../../db/errors.ts';
import type { Session } from '../../../db/session.ts';
import { plural } from '../../../text/units.ts';
import { appCheckSteps } from '../../app/steps.ts';
import { backupBefore } from '../../backup/before.ts';
import type { SafetyBackup } from '../../backup/safety.ts';
import { Doubts } from '../../concurrently/doubts.ts';
import { poolerChecks } from '../../database/pooler.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, Plan, ResultTable, Step } from '../../engine/plan.ts';
import { MaintenanceSessions } from '../../maintain/shared/sessions.ts';
import { shortened } from '../../maintain/shared/shortened.ts';
import type { Issue } from '../check/issue.ts';
import { issuesOf, withoutPrivileges } from '../check/report.ts';
import { type Expected, openExpected } from '../expected/open.ts';
import { refusals } from '../fix/guard/only-adds.ts';
import { keyOfName, quoted } from '../fix/names.ts';
import { ordered } from '../fix/order.ts';
import { mendOf, sidesOf } from '../fix/remedy.ts';
import type { Addition } from '../fix/statement.ts';
import { takeSchemaSnapshot } from '../snapshot.ts';
import { fixErrors } from './errors.ts';
import type { FixInput } from './input.ts';
import { rehearseStep } from './rehearse.ts';
import { backfillChecks, rowChecks } from './rows.ts';
import { runChecks } from './runs.ts';
import { reading, type Shared, shownName, type Work } from './shared.ts';
import { type After, againStep, checkStep, sameStep, shortHash, structureHash, workStep } from './steps.ts';

/**
 * Plans what the database lacks: one step for each thing that is added, in an order in which each finds what it needs.
 * What is there and not expected is never touched. Throws OpError, UsageError, DbError.
 */
export async function planFix(input: FixInput, context: OpContext): Promise<Plan> {
  const session = await context.session();
  const opened = await openExpected(input.against, context, { tool: input.tool });
  const expected: Expected = { ...opened, snapshot: withoutPrivileges(opened.snapshot) };
  const actual = await takeSchemaSnapshot(session);
  const issues = issuesOf(actual, expected.snapshot, expected);
  const open = issues.filter(({ severity }) => severity !== 'info');
  const chosen = choose(issues, input.only);
  const schemas = { actual, expected: expected.snapshot };
  const sides = sidesOf(schemas, await emptyTables(session, chosen));
  const { additions, circle } = ordered(
    chosen.flatMap((issue) => mendOf(differenceOf(issue), sides).additions),
  );
  const works = worksOf(additions);
  const refused = await refusals(additions);
  const shared: Shared = {
    context,
    sides,
    patience: { lockTimeout: input.lock_timeout, wait: input.wait },
    sessions: new MaintenanceSessions(),
    doubts: new Doubts(context.target.database, 'schema'),
    circle,
    progress: { done: [], failed: new Set(), again: [] },
  };
  const after: After = { left: undefined };
  const idle = works.length === 0;
  const safety =
    input.backup && !idle
      ? await backupBefore(context, context.target.database, { label: 'before schema fix', orElse: '' })
      : undefined;
  const steps: Step[] = [
    ...(idle ? [] : [sameStep(shared, structureHash(actual))]),
    ...(input.rehearse && !idle ? [rehearseStep(shared, works)] : []),
    ...(safety?.steps ?? []),
    ...works.map((work) => workStep(shared, work)),
    ...(circle ? [againStep(shared)] : []),
    ...(open.length === 0 ? [] : [checkStep(shared, expected, input.against, after)]),
    ...(idle ? [] : appCheckSteps(context)),
  ];
  const forbidden: Check[] = refused.map(({ subject, sql, why }) => ({
    title: `${subject.kind} ${subject.name.join('.')}`,
    status: 'block',
    detail: `Only what adds is done, and ${why}. It would be: ${sql}`,
  }));
  return {
    operation: 'schema fix',
    title: titleOf(context.target.database, works.length, open.length),
    subject: context.target.database,
    danger: idle ? 'none' : 'type-name',
    writes: true,
    server: context.place,
    input: { ...input },
    facts: [
      { label: 'Database', value: context.place },
      { label: 'Expected', value: `${expected.described} (${shortHash(expected.hash)})` },
      { label: 'Is now', value: shortHash(structureHash(actual)) },
      { label: 'Issues', value: countsOf(issues, chosen) },
      ...(idle
        ? []
        : [{ label: 'Owner', value: `${session.server.user} of what is made; nothing is granted` }]),
      { label: 'Backup', value: safety === undefined ? 'none' : 'before anything is added' },
    ],
    tables: byHand(open),
    checks: [
      ...serverCheck(session),
      ...(await poolerChecks(context, session)),
      ...forbidden,
      ...(refused.length > 0 ? [] : runChecks(session, additions)),
      ...(refused.length > 0 ? [] : await rowChecks(session, additions, sides)),
      ...(refused.length > 0 ? [] : await backfillChecks(session, additions)),
      ...(safety?.checks ?? []),
    ],
    steps,
    ...(idle
      ? {}
      : { consequence: 'Only adds; nothing is dropped or changed. Each step says what it locks.' }),
    locks: [{ family: 'schema', database: context.target.database }],
    leaves: () => leftBy(context.target.database, shared, safety),
    reaches: () => reachedBy(context.target.database, shared, after, safety),
  };
}

function choose(issues: readonly Issue[], only: readonly string[]): Issue[] {
  if (only.length === 0) return issues.filter(({ fixable }) => fixable);
  const unknown = only.filter((id) => !issues.some((issue) => issue.id === id));
  if (unknown.length > 0) throw fixErrors.unknownIssues({ ids: unknown });
  const chosen = issues.filter(({ id }) => only.includes(id));
  const others = chosen.filter(({ fixable }) => !fixable).map(({ id }) => id);
  if (others.length > 0) throw fixErrors.notFixable({ ids: others });
  return chosen;
}

/** The difference that an issue tells. */
function differenceOf({ kind, object, path, attribute, actual, expected }: Issue) {
  const missing = kind === 'missing';
  const extra = expected === null && attribute === null && !missing;
  return {
    kind: missing ? ('added' as const) : extra ? ('removed' as const) : ('changed' as const),
    object,
    path,
    attribute,
    before: actual,
    after: expected,
  };
}

/** Of the tables that get a column, those without a row: NOT NULL harms nobody there. Throws DbError. */
async function emptyTables(session: Session, issues: readonly Issue[]): Promise<Set<string>> {
  const empty = new Set<string>();
  const seen = new Set<string>();
  for (const { kind, object, path } of issues) {
    if (kind !== 'missing' || object !== 'column') continue;
    const table = tableOf(path);
    if (table === undefined || seen.has(keyOfName(table))) continue;
    seen.add(keyOfName(table));
    if (await isEmpty(session, table)) empty.add(keyOfName(table));
  }
  return empty;
}

/** `schema.table.column`, each quoted where it has to be. */
function tableOf(path: string): string[] | undefined {
  const parts = path
    .match(/"(?:[^"]|"")+"|[^."]+/g)
    ?.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
  return parts?.length === 3 ? parts.slice(0, 2) : undefined;
}

async function isEmpty(session: Session, table: readonly string[]): Promise<boolean> {
  try {
    return await reading(session, 5, async () => {
      const [row] = await session.single(`SELECT EXISTS (SELECT FROM ${quoted(table)}) AS some`);
      return row?.some === false;
    });
  } catch (error) {
    // it is locked, or not this role's to read: then it is not known to be empty
    if (error instanceof DbError && error.kind !== 'lost') return false;
    throw error;
  }
}

function worksOf(additions: readonly Addition[]): Work[] {
  const used = new Map<string, number>();
  return additions.map((addition) => {
    const base = `${addition.subject.kind.replaceAll(' ', '_')}:${shownName(addition)}`;
    const n = (used.get(base) ?? 0) + 1;
    used.set(base, n);
    return { id: n === 1 ? base : `${base}:${n}`, title: stepTitle(addition), addition };
  });
}

const VERBS: readonly (readonly [RegExp, string])[] = [
  [/^CREATE /, 'Create'],
  [/ VALIDATE CONSTRAINT /, 'Validate'],
  [/ USING INDEX "(?:[^"]|"")+"( DEFERRABLE| INITIALLY|$)/, 'Add'],
  [/^REINDEX /, 'Rebuild'],
  [/ ATTACH PARTITION /, 'Attach'],
  [/^COMMENT /, 'Comment on'],
  [/ OWNED BY /, 'Give an owner to'],
  [/ ADD VALUE /, 'Add a value to'],
  [/ ADD /, 'Add'],
];

function stepTitle(addition: Addition): string {
  const sql = addition.statements[0]?.sql ?? '';
  const verb = VERBS.find(([pattern]) => pattern.test(sql))?.[1] ?? 'Set';
  const index = sql.startsWith('CREATE UNIQUE INDEX') && addition.subject.kind === 'constraint';
  return `${verb} ${index ? 'the index of ' : ''}${addition.subject.kind} ${shownName(addition)}`;
}

function titleOf(database: string, works: number, open: number): string {
  if (works > 0) return `Add what ${database} lacks`;
  return open === 0
    ? `${database} is as expected: nothing to fix`
    : `Nothing of ${database} can be mended by adding`;
}

function countsOf(issues: readonly Issue[], chosen: readonly Issue[]): string {
  const open = issues.filter(({ severity }) => severity !== 'info');
  const fixable = open.filter((issue) => issue.fixable).length;
  const extra = issues.length - open.length;
  return [
    plural(open.length, 'issue'),
    `${fixable} to be added${chosen.length === fixable ? '' : ` (${chosen.length} chosen)`}`,
    `${open.length - fixable} for a person`,
    `${extra} besides, which ${extra === 1 ? 'stays' : 'stay'}`,
  ].join(', ');
}

function byHand(open: readonly Issue[]): ResultTable[] {
  const issues = open.filter(({ fixable }) => !fixable);
  if (issues.length === 0) return [];
  return [
    shortened({
      title: 'For a person: read it before it is run',
      columns: ['severity', 'issue', 'expected', 'is', 'suggestion'],
      rows: issues.map(({ severity, id, expected, actual, fixSql }) => [
        severity,
        id,
        expected ?? 'none',
        actual ?? 'none',
        fixSql.join('; '),
      ]),
    }),
  ];
}

function serverCheck({ server }: Session): Check[] {
  if (!server.standby) return [];
  return [
    {
      title: 'Server',
      status: 'block',
      detail: 'It is a standby, which cannot be changed. Connect to the primary.',
    },
  ];
}

function leftBy(database: string, { progress }: Shared, safety: SafetyBackup | undefined): string {
  const made = progress.done.length;
  return [
    made === 0
      ? `Nothing was added to ${database}.`
      : `${plural(made, 'addition')} to ${database} ${made === 1 ? 'stays' : 'stay'}.`,
    ...kept(safety),
  ].join(' ');
}

function reachedBy(
  database: string,
  { progress }: Shared,
  { left }: After,
  safety: SafetyBackup | undefined,
): string {
  const made = progress.done.length;
  const now = left?.length === 0 ? `${database} is as expected` : `${database} is not as expected in all`;
  return [
    `${now}; ${made === 0 ? 'nothing was added' : `${plural(made, 'addition')} made`}.`,
    ...kept(safety),
  ].join(' ');
}

function kept(safety: SafetyBackup | undefined): string[] {
  const backup = safety?.made();
  return backup === undefined ? [] : [`The safety backup ${backup.id} is kept.`];
}
