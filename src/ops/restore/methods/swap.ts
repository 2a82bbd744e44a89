import { milliseconds } from '../../../text/units.ts';
import type { SafetyBackup } from '../../backup/safety.ts';
import { pruneBefore } from '../../database/drop.ts';
import { inMaintenance } from '../../database/maintenance.ts';
import { beforeName, freshName, rolledBackName } from '../../database/names.ts';
import { applyProperties, databaseProperties } from '../../database/properties.ts';
import { type Check, KEPT, type Plan, type Step, type StepIo } from '../../engine/plan.ts';
import { contentChecks } from '../checks/content.ts';
import { diskChecks } from '../checks/disk.ts';
import { needsChecks } from '../checks/needs.ts';
import { replaced } from '../checks/replaced.ts';
import { wholeChecks } from '../checks/whole.ts';
import { hooksOf } from '../input.ts';
import { expectedOf } from '../load/expected.ts';
import type { Situation } from '../situation.ts';
import { createStep } from '../steps/create.ts';
import { fillSteps } from '../steps/fill.ts';
import { afterStep, beforeStep } from '../steps/hooks.ts';
import { readStep } from '../steps/read.ts';
import { keptText, safetyOf } from '../steps/safety.ts';
import { newState, type RestoreState, RUN } from '../steps/state.ts';
import { sweepSteps } from '../steps/sweep.ts';
import { swapChecks } from '../swap/checks.ts';
import { Undecided } from '../swap/errors.ts';
import { type Exchanged, endedText, swapDatabases, swapPreview, undoSwap } from '../swap/swap.ts';

import type { MethodPlan } from './method.ts';

/** Beside the live database, verified there, then in its place at once. */
export async function swapWay(situation: Situation): Promise<MethodPlan> {
  const { session, database, live, source, dumpClients, input, backup, context } = situation;
  const checks: Check[] = [
    ...(await swapChecks(session, { live: database })),
    ...contentChecks(situation, 'replace'),
  ];
  const needs = await needsChecks(situation);
  checks.push(...needs.checks);
  if (live === undefined || source === undefined)
    return { checks, steps: [], leaves: () => undefined, reaches: () => 'Nothing was changed.' };
  const whole = await wholeChecks(situation);
  checks.push(...whole.checks);
  const state = newState(backup.manifest && expectedOf(backup.manifest));
  const hooks = hooksOf(input, context);
  const safety = input.no_safety_backup || !dumpClients ? undefined : await safetyOf(situation, dumpClients);
  const { noTablespaces } = needs;
  checks.push(...(await diskChecks(situation, { safety: safety?.bytes, noTablespaces })));
  const steps: Step[] = [
    ...(await sweepSteps(session, database)),
    ...readStep({ source, input }, state, false),
    ...(safety?.steps ?? []),
    createStep(live, `Create a database beside ${database}`),
    ...fillSteps({
      situation,
      source,
      state,
      database: (run) => freshName(database, run),
      shown: freshName(database, RUN),
      noTablespaces: needs.noTablespaces,
    }),
    await propertiesStep(situation),
    ...beforeStep(hooks, state),
    swapStep(situation, state),
    ...afterStep(hooks, state),
  ];
  return {
    checks: [...checks, ...(safety?.checks ?? [])],
    tables: whole.tables,
    steps,
    consequence:
      `${replaced(situation)}; what it is now is kept in ${beforeName(database, RUN)}. ` +
      'All sessions are disconnected, and can connect again within a second.',
    undo: 'undo',
    leaves: leavesOf(database, state, safety),
    reaches: () => [keptAs(database, state), ...(safety ? [keptText(safety)] : [])].filter(Boolean).join(' '),
  };
}

const keptAs = (database: string, { before }: RestoreState): string =>
  `${database} is the restored database; the one before is kept as ${before ?? 'its copy'}.`;

/** What a failure leaves: the exchange of the names is done whole or not at all. */
function leavesOf(
  database: string,
  state: RestoreState,
  safety: SafetyBackup | undefined,
): NonNullable<Plan['leaves']> {
  return () => {
    // whoever failed has said that nobody knows
    if (state.undecided) return (safety && keptText(safety)) || undefined;
    const now = state.replaced
      ? keptAs(database, state)
      : state.exchanging
        ? `${database} is what it was; sessions in it may have been ended.`
        : `${database} was not touched.`;
    return [now, ...(safety ? [keptText(safety)] : [])].filter(Boolean).join(' ');
  };
}

async function propertiesStep({ session, database }: Situation): Promise<Step> {
  const shown = await databaseProperties(session, database, freshName(database, RUN));
  return {
    id: 'properties',
    title: `Give it the owner, grants and settings of ${database}`,
    preview: shown.map((sql) => `${sql};`).join('\n'),
    run: (io) =>
      inMaintenance(io, async (admin) => {
        // as they are now, not as they were when it was planned
        await applyProperties(admin, await databaseProperties(admin, database, freshName(database, io.run)));
      }),
  };
}

function swapStep({ database, live }: Situation, state: RestoreState): Step {
  const names = (run: string) => ({
    live: database,
    fresh: freshName(database, run),
    before: beforeName(database, run),
    run,
  });
  return {
    id: 'swap',
    title: 'Swap the names in one transaction',
    preview: swapPreview(names(RUN), live?.comment ?? null),
    effect: 'sessions are ended; nobody can connect for a fraction of a second',
    waits: true,
    run: async (io) => {
      state.exchanging = true;
      const done = await swapDatabases(io, names(io.run)).catch((error: unknown) => {
        state.undecided = error instanceof Undecided;
        throw error;
      });
      state.replaced = true;
      state.before = names(io.run).before;
      tell(io, done, database, names(io.run).before);
      await prune(io, database, names(io.run).before);
    },
    rollback: async (io) => {
      if (!state.replaced) return KEPT;
      // it was cancelled in the moment in which it was done
      const { before } = names(io.run);
      const rolledBack = rolledBackName(database, io.run);
      await undoSwap(io, { live: database, before, rolledBack, run: io.run });
      io.line(`${database} is again what it was; what was restored is kept as ${rolledBack}.`);
      state.replaced = false;
      return undefined;
    },
  };
}

function tell(io: StepIo, { closed_ms, ...counts }: Exchanged, database: string, before: string): void {
  io.result({
    title: 'Restored',
    columns: ['what', 'value'],
    rows: [
      ['database', database],
      ['closed to clients', milliseconds(closed_ms)],
      ['sessions ended', endedText(counts)],
      ['kept as it was', before],
    ],
  });
}

/** Old copies beyond the last three go. What cannot be dropped now can be later: the restore is done. */
async function prune(io: StepIo, database: string, before: string): Promise<void> {
  try {
    const { dropped, kept } = await inMaintenance(io, (session) =>
      pruneBefore(session, database, { inUse: [before] }),
    );
    for (const name of dropped) io.line(`Dropped ${name}, a copy from before an earlier restore.`);
    for (const { why } of kept) io.line(`Kept: ${why}`);
  } catch (error) {
    io.line(`Older copies were not dropped: ${(error as Error).message}`, 'stderr');
  }
}
