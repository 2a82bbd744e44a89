import { z } from 'zod';
import { planningSession } from '../database/maintenance.ts';
import { engineErrors } from '../engine/errors.ts';
import { leftBehind, listRuns, type Run, readRun } from '../engine/journal/runs.ts';
import { addressOf, isOnServer, serverHere } from '../engine/journal/server.ts';
import type { OpContext } from '../engine/operation.ts';
import { defineOperation } from '../engine/operation.ts';
import type { Check, Danger, Fact, Plan } from '../engine/plan.ts';
import { isUnreachable } from '../engine/run/unreachable.ts';
import { recoverErrors } from './errors.ts';
import { found } from './found.ts';
import { type Remains, remainsOf } from './remains.ts';

const DANGERS: readonly Danger[] = ['none', 'confirm', 'type-name'];

/** Finishes or removes what killed runs have left: by the journal, by marks on the server, and in the repository. */
export const recover = defineOperation({
  id: 'recover',
  input: z.object({ run: z.string().optional() }),
  fields: {
    run: {
      title: 'Run',
      hint: 'only what this run has left',
      standard: () => 'all of them',
      argument: true,
      choices: async (context) => {
        const here = await serverHere(context);
        return listRuns(context.journal)
          .filter((run) => leftBehind(run) && isOnServer(run, here))
          .map((run) => ({ value: run.id, hint: run.subject }));
      },
      none: () => 'No run on this server has left anything.',
    },
  },
  plan: async ({ run: id }, context) => {
    const all = listRuns(context.journal).filter(leftBehind);
    const here = await serverHere(context);
    const runs = all.filter((run) => isOnServer(run, here)).reverse();
    const down = await whyDown(context);
    if (id !== undefined && readRun(context.journal, id) === undefined) throw engineErrors.noRun({ run: id });
    const chosen = id === undefined ? runs : runs.filter((run) => run.id === id);
    if (id !== undefined && chosen.length === 0)
      throw recoverErrors.nothingLeft({ run: id, place: context.place });
    const remains: Remains[] = [];
    if (down !== undefined) {
      // a server that a restart has left down is started first; the rest is looked for when it answers
      for (const run of chosen)
        if (await recoversOffline(run, context)) remains.push(await remainsOf(run, context, true));
      if (!remains.some(({ plan }) => plan)) throw down;
      return combined(remains, context, id, []);
    }
    for (const run of chosen) remains.push(await remainsOf(run, context));
    if (id === undefined) remains.push(...(await found(context, remains)));
    return combined(remains, context, id, id === undefined ? all.filter((run) => !runs.includes(run)) : []);
  },
});

/** Why the server cannot be asked; undefined where it can. */
async function whyDown(context: OpContext): Promise<Error | undefined> {
  try {
    await planningSession(context);
    return undefined;
  } catch (error) {
    if (isUnreachable(error)) return error;
    throw error;
  }
}

async function recoversOffline({ operation }: Run, { operations }: OpContext): Promise<boolean> {
  return (await operations(operation)?.load())?.recoversOffline === true;
}

/** One plan of all that was found. */
function combined(
  remains: readonly Remains[],
  context: OpContext,
  run: string | undefined,
  elsewhere: readonly Run[],
): Plan {
  const plans = remains.flatMap(({ plan }) => plan ?? []);
  const danger = DANGERS.findLast((one) => plans.some((plan) => plan.danger === one)) ?? 'none';
  const names = new Set(plans.filter((plan) => plan.danger === 'type-name').map((plan) => plan.subject));
  const [name] = names;
  const consequence = plans.flatMap((plan) => plan.consequence ?? []).join(' ');
  const keys = plans.flatMap((plan) => plan.locks ?? []);
  return {
    operation: 'recover',
    title: remains.every(({ kept }) => kept) ? 'Nothing to clean up' : 'Clean up after runs that were killed',
    subject: names.size === 1 && name !== undefined ? name : (addressOf(context.place) ?? context.place),
    danger,
    writes: plans.some((plan) => plan.writes),
    server: context.place,
    input: run === undefined ? {} : { run },
    facts: [...remains.flatMap(factsOf), ...elsewhere.map(elsewhereFact)],
    tables: plans.flatMap((plan) => plan.tables ?? []),
    checks: remains.flatMap(checksOf),
    leaves: (failure) =>
      `${[...new Set(plans.flatMap((plan) => plan.leaves(failure) ?? []))].join(' ')} What is left is found again with: pgdeck recover`.trim(),
    reaches: () => [...new Set(plans.map((plan) => plan.reaches()))].join(' ') || 'Nothing was changed.',
    steps: remains.flatMap(({ plan, mark }) => [...(plan?.steps ?? []), ...(mark ? [mark] : [])]),
    ...(consequence !== '' && { consequence }),
    locks: keys.filter(
      (key, at) => keys.findIndex((k) => k.family === key.family && k.database === key.database) === at,
    ),
  };
}

function factsOf({ name, what, plan }: Remains): Fact[] {
  return [{ label: name, value: what }, ...(plan?.facts ?? [])];
}

function checksOf({ plan, obstacle }: Remains): Check[] {
  return [...(plan?.checks ?? []), ...(obstacle ? [obstacle] : [])];
}

function elsewhereFact({ id, server }: Run): Fact {
  return { label: id, value: `was killed on another server, ${server}: recover it there` };
}
