import { fullName } from '../../db/ident.ts';
import { maintainTables } from '../../db/queries/maintain/tables.ts';
import type { Session } from '../../db/session.ts';
import { bytes, count, duration } from '../../text/units.ts';
import { holdersOf, lockChecks } from '../database/holders.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Fact, Plan } from '../engine/plan.ts';
import { measured, roomOf, serverChecks } from './checks.ts';
import { maintainErrors } from './errors.ts';
import { horizonChecks } from './horizon.ts';
import { type Options, optionChecks, optionList } from './options.ts';
import { chooseTables, type MaintainScope, type ScopeInput } from './scope.ts';
import { lastTimes } from './shared/last.ts';
import { rightsChecks } from './shared/rights.ts';
import { terminalFact } from './shared/terminal.ts';
import { maintenanceSteps } from './steps.ts';
import { bloatOf, type Doing, dueTable, isDue, type Looked, reasonOf, sizeOf } from './urgency.ts';
import { lockOf, type MaintainWork } from './work.ts';

/** What VACUUM and ANALYZE differ in. */
export interface Request {
  readonly doing: Doing;
  readonly scope: ScopeInput;
  /** What was asked for, for the checks. */
  readonly options: Options;
  readonly lockTimeout: number | undefined;
  readonly wait: number;
  /** Only the step that notes the age of the database. */
  readonly nothingElse: boolean;
  readonly input: Readonly<Record<string, unknown>>;
  works(scope: MaintainScope, major: number): MaintainWork[];
}

const SECONDS = { full: 3, plain: 5 };

/** The plan of a VACUUM or an ANALYZE. Throws DbError, and {@link OpError} for a name that is not there. */
export async function planMaintenance(request: Request, context: OpContext): Promise<Plan> {
  const { doing, options, wait } = request;
  const session = await context.session();
  const { server } = session;
  const scope = chooseTables(await session.run(maintainTables, undefined), request.scope, doing);
  const refused = [...(await serverChecks(context, session)), ...optionChecks(server, options)];
  const works = request.nothingElse ? [] : request.works(scope, server.major);
  const looked = [...new Map(works.flatMap((work) => work.touched.map((one) => [one.oid, one]))).values()];
  const measures = await measured(
    session,
    looked.map(({ oid }) => oid),
  );
  // what was never vacuumed has no size in the catalog
  const touched = looked.map((one) => ({ ...one, total_bytes: measures.get(one.oid)?.total_bytes ?? null }));
  const patience = {
    lockTimeout: request.lockTimeout ?? (options.full ? SECONDS.full : SECONDS.plain),
    wait,
  };
  const { room, checks: roomChecks } = await roomOf(works, measures, context);
  const databaseStats =
    doing === 'vacuum' &&
    (request.nothingElse || (server.major >= 16 && works.length > 1 && !options.skip_database_stats));
  const steps = maintenanceSteps(works, {
    patience,
    last: lastTimes(context.journal, doing, context.place),
    room,
    title: doing === 'vacuum' ? 'Vacuumed' : 'Analyzed',
    databaseStats,
  });
  const locks = await holdersOf(
    session,
    touched.map(({ oid }) => oid),
    lockOf({ options }),
  );
  const holders = options.skip_locked ? [] : lockChecks(locks, `It is tried for ${duration(wait)}.`);
  const subject = subjectOf(scope, works, session);
  const verb = options.full ? 'Rewrite (VACUUM FULL)' : doing === 'vacuum' ? 'Vacuum' : 'Analyze';
  const named = scope.denied.length > 0 || touched.length > 0 || request.nothingElse;
  return {
    operation: doing,
    title: request.nothingElse
      ? `Note the age of ${subject}`
      : named
        ? `${verb} ${subject}`
        : `Nothing to ${doing}`,
    subject,
    danger: options.full ? 'type-name' : 'confirm',
    writes: true,
    server: context.place,
    input: request.input,
    facts: [
      { label: 'Server', value: `${context.place}, PostgreSQL ${server.version}` },
      ...factsOf(request, scope, touched, patience.lockTimeout),
      await terminalFact(session),
    ],
    ...(touched.length > 0 && { reason: reasonOf(touched, doing) }),
    ...(touched.length > 0 && { tables: [dueTable(touched, doing, await bloatOf(session))] }),
    checks: [
      ...refused,
      ...(request.nothingElse
        ? []
        : rightsChecks(server, doing, {
            named: scope.denied,
            others: scope.leftOut,
            nothing: scope.nothingMay,
          })),
      ...(works.length === 0 ? [] : holders),
      ...roomChecks,
      ...(doing === 'vacuum' && works.length > 0 ? await horizonChecks(session) : []),
    ],
    steps: refused.some(({ status }) => status === 'block') ? [] : steps,
    ...consequenceOf(options, works),
    leaves: () =>
      doing === 'analyze' && !options.full
        ? 'No rows were changed; statistics that were collected stay.'
        : 'No rows were changed; tables that were done stay done.',
    reaches: () => 'No rows were changed.',
    ...(scope.whole && { locks: [{ family: doing, database: server.database }] }),
  };
}

function subjectOf({ whole }: MaintainScope, works: readonly MaintainWork[], { server }: Session): string {
  const [only, ...more] = works;
  return whole || only === undefined || more.length > 0 ? server.database : only.name;
}

function factsOf(
  { options, doing, scope: asked }: Request,
  scope: MaintainScope,
  touched: readonly Looked[],
  lockTimeout: number,
): Fact[] {
  const size = touched.reduce((sum, one) => sum + (sizeOf(one) ?? 0), 0);
  const guess = touched.some(({ total_bytes }) => total_bytes === null) ? '~' : '';
  const due = touched.filter((one) => isDue(one, doing)).length;
  const where = scope.whole
    ? 'the whole database'
    : [...asked.table, ...asked.schema.map((one) => `schema ${one}`)].join(', ');
  const list = optionList(options);
  return [
    { label: 'Scope', value: `${where}${asked.due ? ', only what is due' : ''}` },
    { label: 'Tables', value: `${count(touched.length)}, ${guess}${bytes(size)}, ${due} due` },
    ...(scope.whole && options.full
      ? [{ label: 'Left out', value: 'the system catalogs: nobody could do anything meanwhile' }]
      : []),
    ...(list.length > 0 ? [{ label: 'Options', value: list.join(', ') }] : []),
    {
      label: 'Locks',
      value: options.skip_locked
        ? 'locked tables are skipped'
        : `waited for ${duration(lockTimeout)} per attempt; queued sessions go first between attempts`,
    },
    {
      label: 'Cancelled',
      value:
        doing === 'analyze'
          ? 'the current table keeps its old statistics; finished tables keep their new ones'
          : options.full
            ? 'the current table is left unchanged; finished tables stay rewritten'
            : 'dead rows already removed stay removed; finished tables stay done',
    },
  ];
}

function consequenceOf({ full }: Options, works: readonly MaintainWork[]): { consequence?: string } {
  if (!full || works.length === 0) return {};
  const [only, ...more] = works;
  const what = only !== undefined && more.length === 0 ? only.name : 'Each table in turn';
  return { consequence: `${what} can be neither read nor written while it is rewritten.` };
}

/** Refuses `--only` for a statement that would do nothing. */
export function refuseEmptyOnly(all: MaintainScope, options: Options): void {
  const [one] = all.partitioned;
  if (options.only && !options.analyze && one !== undefined)
    throw maintainErrors.onlyParent({ table: fullName(one.schema, one.name) });
}
