import { databaseFacts } from '../../db/queries/database/facts.ts';
import { recoverSteps } from '../app/steps.ts';
import { stoppedIn } from '../app/stopped.ts';
import { dropLeftover, dropSql } from '../database/drop.ts';
import { findLeftovers, swapState } from '../database/leftovers.ts';
import { inMaintenance, planningSession } from '../database/maintenance.ts';
import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Fact, Plan, Step } from '../engine/plan.ts';
import { repositoryDirectory } from '../repository/repository.ts';
import { findPartials, sweepPartials } from '../repository/sweep.ts';
import { type Dropped, putBack } from './methods/put-back.ts';
import { runAfter } from './steps/hooks.ts';
import { tablesFact } from './tables/recover.ts';
import { factsSchema } from './undo.ts';

/**
 * What a restore that was killed has left: a database that is half loaded, a database that was dropped and not made
 * again, an unfinished safety backup, an application that was stopped and not started. The exchange of names itself
 * leaves nothing half done. Undefined when there is nothing to do.
 */
export async function recoverRestore(run: Run, context: OpContext): Promise<Plan | undefined> {
  const facts = factsSchema.parse(run.facts);
  const session = await planningSession(context);
  const steps: Step[] = [];
  const told: Fact[] = [];
  let writes = false;
  let subject = facts.created?.target ?? facts.swap?.live ?? facts.dropped?.database ?? run.id;

  const leftovers = (await findLeftovers(session)).filter(
    (one) =>
      !one.alive &&
      (one.kind === 'restoring' || one.kind === 'verifying' || one.kind === 'unmarked') &&
      (one.run === run.id || (one.run === undefined && one.database === facts.created?.database)),
  );
  for (const leftover of leftovers) {
    writes = true;
    subject = leftover.target ?? subject;
    told.push({ label: 'Left', value: `${leftover.database}: ${leftover.meaning}` });
    steps.push({
      id: 'drop-left',
      title: `Drop ${leftover.database}`,
      preview: dropSql(leftover)
        .map((sql) => `${sql};`)
        .join('\n'),
      run: (io) => inMaintenance(io, (admin) => dropLeftover(admin, leftover)),
    });
  }
  if (facts.dropped !== undefined && !(await isThere(context, facts.dropped))) {
    const { dropped } = facts;
    writes = true;
    subject = dropped.database;
    told.push({
      label: 'Missing',
      value: `${dropped.database} was dropped; its safety backup is ${dropped.safety}`,
    });
    steps.push({
      id: 'put-back',
      title: `Restore ${dropped.database} from its safety backup`,
      preview: `pg_restore --exit-on-error … ${dropped.safety}`,
      run: (io) => putBack(io, context, dropped),
    });
  }
  const swapped = await swappedFact(facts.swap, context);
  if (swapped !== undefined) told.push(swapped);
  const tables = await tablesFact(run.facts, session);
  if (tables !== undefined) told.push(tables);
  const after = facts.hooks?.after;
  if (after != null && facts.after_ran !== true)
    steps.push({
      id: 'after',
      title: 'Run the command after, which the restore did not come to',
      preview: after,
      run: (io) => runAfter(io, after),
    });
  const stopped = stoppedIn(run.facts);
  if (stopped.length > 0)
    told.push({ label: 'Application', value: 'was stopped, and was not started again' });
  steps.push(...recoverSteps(stopped));
  steps.push(...(await partialSteps(run, context)));
  if (steps.length === 0 && swapped === undefined && tables === undefined) return undefined;
  return {
    operation: 'recover',
    title: `Clean up after ${run.subject}`,
    subject,
    danger: writes ? 'confirm' : 'none',
    writes,
    server: context.place,
    input: { run: run.id },
    facts: told,
    checks: [],
    steps,
    leaves: ({ done }) =>
      facts.dropped === undefined || done.has('put-back')
        ? undefined
        : `The safety backup ${facts.dropped.safety} is kept.`,
    reaches: () =>
      !steps.some(({ id }) => id === 'put-back')
        ? 'What the restore left is gone.'
        : `${subject} is there as it was backed up before the restore.`,
    locks: writes ? [{ family: 'restore', database: subject }] : [],
  };
}

async function isThere(context: OpContext, { database }: Dropped): Promise<boolean> {
  const session = await planningSession(context);
  return (await session.run(databaseFacts, { database })).length > 0;
}

/** The exchange was done, or it was not: which of the two, and what that means. */
async function swappedFact(
  swap: ReturnType<typeof factsSchema.parse>['swap'],
  context: OpContext,
): Promise<Fact | undefined> {
  if (swap === undefined) return undefined;
  const session = await planningSession(context);
  const [before] = await session.run(databaseFacts, { database: swap.before });
  if (before === undefined) return undefined;
  const { live, live_oid: newOid } = swap;
  const state = newOid === undefined ? 'new' : await swapState(session, { live, oldOid: before.oid, newOid });
  if (state !== 'new') return undefined;
  return {
    label: live,
    value: `is the restored database, complete; the one before is kept as ${swap.before}`,
  };
}

async function partialSteps(run: Run, context: OpContext): Promise<Step[]> {
  const { dir } = run.input;
  const directory = repositoryDirectory(context, typeof dir === 'string' ? dir : undefined);
  const partials = (await findPartials(directory, context.now())).filter(
    (one) => one.dead && one.run === run.id,
  );
  if (partials.length === 0) return [];
  return [
    {
      id: 'sweep-partial',
      title: 'Remove the safety backup that was not finished',
      preview: partials.map(({ path }) => `rm -r ${path}`).join('\n'),
      run: async (io) => {
        for (const path of await sweepPartials(directory, context.now())) io.line(`Removed ${path}`);
      },
    },
  ];
}
