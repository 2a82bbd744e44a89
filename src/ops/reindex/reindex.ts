import { fullName } from '../../db/ident.ts';
import { type ReindexBloat, reindexBloat } from '../../db/queries/reindex/bloat.ts';
import { type ReindexLeftover, reindexLeftovers, remedyOf } from '../../db/queries/reindex/leftovers.ts';
import type { Session } from '../../db/session.ts';
import { bytes, duration, plural } from '../../text/units.ts';
import { recoverConcurrently } from '../concurrently/recover.ts';
import { holdersOf, lockChecks } from '../database/holders.ts';
import type { OpContext } from '../engine/operation.ts';
import { defineOperation } from '../engine/operation.ts';
import type { Check, Plan, ResultTable } from '../engine/plan.ts';
import { serverChecks } from '../maintain/checks.ts';
import { type LastTime, lastTimes } from '../maintain/shared/last.ts';
import { rightsChecks } from '../maintain/shared/rights.ts';
import { shortened } from '../maintain/shared/shortened.ts';
import { terminalFact } from '../maintain/shared/terminal.ts';
import {
  diskChecks,
  dropChecks,
  kindChecks,
  leftoverChecks,
  tablespaceChecks,
  versionChecks,
  waitChecks,
} from './checks.ts';
import { bloatText, ESTIMATED } from './choices.ts';
import { reindexErrors } from './errors.ts';
import { type ReindexInput, reindexFields, reindexInput } from './input.ts';
import { reindexIndexes, reindexTables } from './queries/inventory.ts';
import { chooseTargets, type ReindexScope, size, type Target } from './scope.ts';
import { lockOf, type Manner } from './statement.ts';
import { reindexSteps, stepId } from './steps.ts';

/** `pgdeck reindex`: indexes built anew, by default without anybody having to wait; what is invalid is cleaned up. */
export const reindex = defineOperation({
  id: 'reindex',
  input: reindexInput,
  fields: reindexFields,
  plan: planReindex,
  recover: (run, context) => recoverConcurrently(run, context, 'reindex'),
});

async function planReindex(input: ReindexInput, context: OpContext): Promise<Plan> {
  const session = await context.session();
  const { server } = session;
  const { concurrently, tablespace, lock_timeout: lockTimeout, wait } = input;
  const manner: Manner = { concurrently, tablespace };
  const tables = await session.run(reindexTables, undefined);
  const found = chooseTargets(tables, await session.run(reindexIndexes, undefined), input);
  const { scope, denied } = permitted(found);
  const oids = scope.tables.map(({ oid }) => oid);
  const invalid = await session.run(reindexLeftovers, { oids });
  const wanted = new Set(found.invalid.map(({ oid }) => oid));
  // who names an index does not ask for what else is wrong with its table, but for copies of it
  const about = invalid.filter(
    (one) => wanted.has(one.oid) || found.whole.has(one.table_oid) || remedyOf(one) === 'drop',
  );
  const leftovers = about.filter(
    (one) => one.builder === null && (remedyOf(one) === 'rebuild' || one.may_drop),
  );
  if (scope.targets.length + about.length + denied.length === 0) throw reindexErrors.noIndexes();
  const last = lastTimes(context.journal, 'reindex', context.place);
  const bloat = new Map((await session.run(reindexBloat, { limit: ESTIMATED })).map((one) => [one.oid, one]));
  const space = await tablespaceChecks(session, tablespace);
  const rebuilt = withoutExclusion(scope, manner);
  const idle = rebuilt.targets.length + leftovers.length === 0;
  const leftAlone = [
    ...rightsChecks(server, 'reindex', {
      named: denied.filter(({ named }) => named).map(({ table }) => table),
      others: denied.filter(({ named }) => !named).map(({ table }) => table),
      nothing: idle,
    }),
    ...kindChecks(scope.targets, manner),
    ...leftoverChecks(about, concurrently ? new Set() : found.whole),
  ];
  const checks: Check[] = [
    ...(await serverChecks(context, session)),
    ...versionChecks(server, manner),
    ...space.checks,
    ...(idle ? leftAlone.map(asBlock) : leftAlone),
    ...dropChecks(server, scope.targets, manner),
    ...(await lockAndWaitChecks(session, oids, manner, wait)),
    ...(await diskChecks(scope.targets, space.place, context)),
  ];
  return {
    operation: 'reindex',
    title: titleOf(rebuilt, leftovers),
    subject: subjectOf(rebuilt, leftovers) ?? server.database,
    danger: concurrently ? 'confirm' : 'type-name',
    writes: true,
    server: context.place,
    input: { ...input },
    facts: [
      { label: 'Database', value: context.place },
      {
        label: 'How',
        value: concurrently
          ? 'concurrently: reads and writes continue, and open transactions are waited for'
          : `with locks, each tried for ${duration(lockTimeout)} at a time, for up to ${duration(wait)}`,
      },
      { label: 'Indexes', value: amount(rebuilt.targets) },
      { label: 'Temporary files', value: `about ${bytes(biggest(rebuilt.targets))}, for sorting` },
      await terminalFact(session),
    ],
    tables: rebuilt.targets.length === 0 ? [] : [planTable(rebuilt.targets, bloat, last)],
    checks,
    steps: idle
      ? []
      : reindexSteps({
          scope: rebuilt,
          leftovers,
          known: new Set(invalid.map(({ oid }) => oid).filter((oid) => !wanted.has(oid))),
          manner,
          patience: { lockTimeout, wait },
          last,
          database: server.database,
        }),
    consequence: concurrently
      ? 'Reads and writes continue. Waits for every open transaction; a long one holds it up.'
      : 'Writers to these tables wait until their indexes are built, and so do readers that use them.',
    locks: [{ family: 'reindex', database: server.database }],
    reaches: () => 'No rows were changed.',
    leaves: () => 'No rows were changed; indexes that were rebuilt stay rebuilt.',
  };
}

/** Where nothing else is left to be done, what is left alone is why. */
function asBlock(check: Check): Check {
  return check.status === 'warn' ? { ...check, status: 'block' } : check;
}

/** Without the tables that this role may not touch. */
function permitted(scope: ReindexScope): {
  readonly scope: ReindexScope;
  readonly denied: readonly Target[];
} {
  const targets = scope.targets.filter(({ table }) => table.may);
  return { scope: { ...scope, targets }, denied: scope.targets.filter(({ table }) => !table.may) };
}

/** CONCURRENTLY passes over the index of an exclusion constraint. */
function withoutExclusion(scope: ReindexScope, { concurrently }: Manner): ReindexScope {
  if (!concurrently) return scope;
  const targets = scope.targets.flatMap((target) => {
    const indexes = target.indexes.filter(({ exclusion }) => !exclusion);
    return indexes.length === 0 ? [] : [{ ...target, indexes }];
  });
  return { ...scope, targets };
}

async function lockAndWaitChecks(
  session: Session,
  oids: readonly number[],
  manner: Manner,
  wait: number,
): Promise<Check[]> {
  const holders = await holdersOf(session, oids, lockOf(manner));
  if (manner.concurrently)
    return [
      ...lockChecks(holders, 'It is waited for, however long that takes.'),
      ...(await waitChecks(session, oids)),
    ];
  return lockChecks(holders, `It is tried for ${duration(wait)}.`);
}

/** The one thing that was named; a schema or a database is never called by what happens to be in it. */
function subjectOf({ targets }: ReindexScope, leftovers: readonly ReindexLeftover[]): string | undefined {
  if (targets.some(({ named }) => !named)) return undefined;
  const names =
    targets.length > 0
      ? targets.map(({ shown }) => shown)
      : leftovers.map(({ schema, name }) => fullName(schema, name));
  return names.length === 1 ? names[0] : undefined;
}

function titleOf(scope: ReindexScope, leftovers: readonly ReindexLeftover[]): string {
  const subject = subjectOf(scope, leftovers);
  if (scope.targets.length > 0) return `Reindex ${subject ?? amount(scope.targets)}`;
  if (leftovers.length === 0) return 'Reindex nothing';
  return `Clean up ${subject ?? plural(leftovers.length, 'invalid index')}`;
}

/** What is sorted of an index is about as big as the index. */
function biggest(targets: readonly Target[]): number {
  return Math.max(0, ...targets.flatMap(({ indexes }) => indexes.map((one) => one.est_bytes)));
}

function amount(targets: readonly Target[]): string {
  const indexes = targets.flatMap((target) => target.indexes);
  const on = new Set(targets.map(({ table }) => table.oid)).size;
  const total = targets.reduce((sum, one) => sum + size(one), 0);
  const some = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;
  return `${some(indexes.length, 'index', 'indexes')} of ${some(on, 'table', 'tables')}, ~${bytes(total)}`;
}

function planTable(
  targets: readonly Target[],
  bloat: ReadonlyMap<number, ReindexBloat>,
  last: ReadonlyMap<string, LastTime>,
): ResultTable {
  const all = targets.flatMap((target) => target.indexes.map((index, at) => ({ target, index, at })));
  const rows = all.map(({ target, index, at }) => [
    fullName(index.schema, index.name),
    fullName(target.table.schema, target.table.name),
    `~${bytes(index.est_bytes)}`,
    bloatText(bloat.get(index.oid)),
    at > 0 ? '' : duration(last.get(stepId(target))?.seconds),
  ]);
  return shortened({
    title: 'Indexes, the biggest first',
    columns: ['index', 'table', 'size', 'bloat (estimate)', 'last time'],
    rows,
  });
}
