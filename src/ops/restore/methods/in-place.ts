import { quoteIdent } from '../../../db/ident.ts';
import type { DatabaseFacts } from '../../../db/queries/database/facts.ts';
import { subscriptionsIn } from '../../../db/queries/database/swap.ts';
import type { Session } from '../../../db/session.ts';
import type { SafetyBackup } from '../../backup/safety.ts';
import { createMarked, likenessOf, markedPreview } from '../../database/create.ts';
import { dropDatabase, dropFresh } from '../../database/drop.ts';
import { inMaintenance } from '../../database/maintenance.ts';
import { freshName } from '../../database/names.ts';
import { databaseProperties } from '../../database/properties.ts';
import { type Check, KEPT, type Plan, type Step, type StepIo } from '../../engine/plan.ts';
import { contentChecks } from '../checks/content.ts';
import { diskChecks } from '../checks/disk.ts';
import { needsChecks } from '../checks/needs.ts';
import { replaced } from '../checks/replaced.ts';
import { wholeChecks } from '../checks/whole.ts';
import { restoreErrors } from '../errors.ts';
import { hooksOf } from '../input.ts';
import { expectedOf } from '../load/expected.ts';
import type { Situation } from '../situation.ts';
import { fillSteps } from '../steps/fill.ts';
import { afterStep, beforeStep } from '../steps/hooks.ts';
import { readStep } from '../steps/read.ts';
import { keptText, safetyOf } from '../steps/safety.ts';
import { newState, type RestoreState, RUN } from '../steps/state.ts';
import { sweepSteps } from '../steps/sweep.ts';
import { swapChecks } from '../swap/checks.ts';
import type { MethodPlan } from './method.ts';
import { type Dropped, putBack } from './put-back.ts';
import { takeName, takeNameSql } from './take-name.ts';

/**
 * Drops the database and makes it anew: for when there is no room for both. Nobody can work meanwhile, and the safety
 * backup, read to its end in the same run, is the only way back; if anything fails after the drop, it is restored.
 */
export async function inPlaceWay(situation: Situation): Promise<MethodPlan> {
  const { session, database, live, source, dumpClients, input, backup, context } = situation;
  const checks: Check[] = [
    ...(await swapChecks(session, { live: database })),
    ...contentChecks(situation, 'replace'),
  ];
  const needs = await needsChecks(situation);
  checks.push(...needs.checks);
  if (live === undefined || source === undefined || dumpClients === undefined)
    return { checks, steps: [], leaves: () => undefined, reaches: () => 'Nothing was changed.' };
  const whole = await wholeChecks(situation);
  checks.push(...whole.checks, ...(await dropChecks(session, live, checks)));
  const state = newState(backup.manifest && expectedOf(backup.manifest));
  const hooks = hooksOf(input, context);
  const safety = await safetyOf(situation, dumpClients);
  const { noTablespaces } = needs;
  checks.push(...(await diskChecks(situation, { dropped: true, safety: safety.bytes, noTablespaces })));
  const dropped: Drop = { facts: undefined, back: false };
  const steps: Step[] = [
    ...(await sweepSteps(session, database)),
    ...readStep({ source, input }, state, true),
    ...beforeStep(hooks, state),
    ...safety.steps,
    dropStep(situation, live, state, safety, dropped),
    createStep(situation, live),
    ...fillSteps({
      situation,
      source,
      state,
      database: (run) => freshName(database, run),
      shown: freshName(database, RUN),
      noTablespaces: needs.noTablespaces,
    }),
    await renameStep(situation, dropped),
    ...afterStep(hooks, state),
  ];
  return {
    checks: [...checks, ...safety.checks],
    tables: whole.tables,
    steps,
    consequence:
      `${database} is dropped and created again: nobody can work with it until that is done. ` +
      `${replaced(situation)}; what it is now is in the safety backup only.`,
    undo: 'undo',
    leaves: leavesOf(database, state, safety, dropped),
    reaches: () => `${database} is the restored database. ${keptText(safety)}`.trim(),
  };
}

interface Drop {
  /** Set before the database is dropped. */
  facts: Dropped | undefined;
  /** It was made again. */
  back: boolean;
}

/** What a failure leaves: the database as it was, as it was backed up a moment before, or not there. */
function leavesOf(
  database: string,
  state: RestoreState,
  safety: SafetyBackup,
  dropped: Drop,
): NonNullable<Plan['leaves']> {
  return ({ done }) => {
    const now = dropped.back
      ? `${database} was dropped, and is what it was before, from the safety backup.`
      : done.has('rename')
        ? `${database} is the restored database.`
        : state.replaced
          ? `${database} is not there: put it back with pgdeck recover.`
          : dropped.facts === undefined
            ? `${database} was not touched.`
            : `${database} is what it was; sessions in it may have been ended.`;
    return [now, keptText(safety)].filter(Boolean).join(' ');
  };
}

/** The swap keeps slots and subscriptions with the old database; a drop takes the ones along and is refused by the others. */
async function dropChecks(
  session: Session,
  { name, oid }: DatabaseFacts,
  checks: readonly Check[],
): Promise<Check[]> {
  const subscriptions = await session.run(subscriptionsIn, { oid });
  const found: Check[] = [];
  if (checks.some(({ title }) => title === 'Replication slots'))
    found.push({
      title: 'Replication slots',
      status: 'block',
      detail: `Dropping ${name} would drop its replication slots. Drop them first, or leave --in-place out.`,
    });
  if (subscriptions.length > 0)
    found.push({
      title: 'Subscriptions',
      status: 'block',
      detail:
        `PostgreSQL does not drop a database that has subscriptions. In ${name}, run: ` +
        `${subscriptions.map((one) => `DROP SUBSCRIPTION ${quoteIdent(one.name)};`).join(' ')} Or leave --in-place out.`,
    });
  return found;
}

function dropStep(
  { database, context }: Situation,
  live: DatabaseFacts,
  state: RestoreState,
  { made }: SafetyBackup,
  dropped: Drop,
): Step {
  return {
    id: 'drop',
    title: `Drop ${database}`,
    preview: `DROP DATABASE ${quoteIdent(database)} WITH (FORCE);`,
    effect: 'sessions are ended; nobody can connect until the restore is done',
    waits: true,
    run: (io) =>
      inMaintenance(io, async (session) => {
        const safety = made();
        if (safety === undefined) throw restoreErrors.noSafety();
        const facts: Dropped = {
          database,
          likeness: likenessOf(live),
          properties: await databaseProperties(session, database, database, { comment: true }),
          safety: safety.path,
        };
        // before it is done: whoever finds this run dead can put the database back
        io.record({ dropped: facts });
        await refuseOther(session, database, live.oid);
        // what came since it was planned: a drop would take slots along without a word
        const late = (await swapChecks(session, { live: database })).filter(
          ({ title, status }) => status === 'block' || title === 'Replication slots',
        );
        const [reason] = [...(await dropChecks(session, live, late)), ...late];
        if (reason) throw restoreErrors.notDropped({ database, why: reason.detail });
        dropped.facts = facts;
        await dropDatabase(session, live, ' WITH (FORCE)');
        state.replaced = true;
        io.crashPoint('drop:dropped');
      }),
    rollback: async (io) => {
      const { facts } = dropped;
      if (facts === undefined || (await exists(io, database))) return KEPT;
      io.line(`Restoring ${database} from the safety backup ${facts.safety}.`);
      await putBack(io, context, facts);
      state.replaced = false;
      dropped.back = true;
      return undefined;
    },
  };
}

async function refuseOther(session: Session, database: string, oid: number): Promise<void> {
  const [row] = await session.sql('SELECT oid::int8::text AS oid FROM pg_database WHERE datname = $1', [
    database,
  ]);
  if (Number(row?.oid) !== oid) throw restoreErrors.otherDatabase({ database });
}

async function exists(io: StepIo, database: string): Promise<boolean> {
  return inMaintenance(io, async (session) => {
    const rows = await session.sql('SELECT FROM pg_database WHERE datname = $1', [database]);
    return rows.length > 0;
  });
}

function createStep({ database }: Situation, live: DatabaseFacts): Step {
  const like = likenessOf(live);
  return {
    id: 'create',
    title: 'Create it again, under another name until it is complete',
    preview: markedPreview({
      ...{ fresh: freshName(database, RUN), like, open: live.open_to_all },
      marker: { pgdeck: 'restoring', target: database, run: RUN },
    }),
    run: (io) =>
      inMaintenance(io, async (session) => {
        const fresh = freshName(database, io.run);
        const marker = { pgdeck: 'restoring' as const, target: database, run: io.run };
        await createMarked(io, session, { fresh, like, marker, open: live.open_to_all });
      }),
    rollback: (io) =>
      inMaintenance(io, async (session) => {
        const fresh = freshName(database, io.run);
        if (!(await dropFresh(session, fresh, io.run))) return KEPT;
        io.line(`Dropped ${fresh}.`);
        return undefined;
      }),
  };
}

async function renameStep({ session, database }: Situation, dropped: Drop): Promise<Step> {
  const properties = takeNameSql(
    freshName(database, RUN),
    database,
    await databaseProperties(session, database, database, { comment: true }),
  );
  return {
    id: 'rename',
    title: `Give it the name ${database}, and the owner, grants and settings it had`,
    preview: properties.map((sql) => `${sql};`).join('\n'),
    run: (io) =>
      inMaintenance(io, async (session) => {
        await takeName(session, freshName(database, io.run), database, dropped.facts?.properties ?? []);
      }),
  };
}
