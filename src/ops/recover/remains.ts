import { maintenanceSession } from '../database/maintenance.ts';
import { markRecovered } from '../engine/journal/journal.ts';
import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Plan, Step } from '../engine/plan.ts';
import { isLocked } from '../engine/run/lock.ts';
import { isUnreachable } from '../engine/run/unreachable.ts';
import { sentenceOf } from '../error.ts';
import { sweepSecretFiles } from '../files/secret-files.ts';
import { endSessionsStep } from './sessions.ts';

/** Something that was left behind, and what is done about it. */
export interface Remains {
  /** Id of the run, name of the database, path. */
  readonly name: string;
  /** One sentence for people. */
  readonly what: string;
  readonly plan?: Plan;
  /** It is listed only: nothing is wrong with it. */
  readonly kept?: boolean;
  /** Why nothing is done about it now. */
  readonly obstacle?: Check;
  /** The last step: after it, it is not offered again. */
  readonly mark?: Step;
}

/** What a killed run has left, as its operation knows; `down`: no server is there to be asked. */
export async function remainsOf(run: Run, context: OpContext, down = false): Promise<Remains> {
  const { id: name } = run;
  const what = `${run.subject}: ${howFar(run)}`;
  const blocked = (detail: string): Remains => ({
    name,
    what,
    obstacle: { title: name, status: 'warn', detail: `It is left as it is: ${detail}` },
  });
  let plan: Plan | undefined;
  const operation = await context.operations(run.operation)?.load();
  try {
    plan = await operation?.recover?.(run, context);
  } catch (error) {
    if (isUnreachable(error)) throw error;
    return blocked(sentenceOf(error));
  }
  const mark = markStep(run, context);
  const end = down ? undefined : await endSessionsStep(run, context);
  if (plan === undefined && end === undefined) return { name, what: `${what} It left nothing.`, mark };
  plan ??= nothingElse(run, context);
  const [block] = plan.checks.filter((check) => check.status === 'block');
  if (block) return blocked(`${block.title}: ${block.detail}`);
  if (await isBusy(plan, context))
    return blocked('another run is working there. Try again when it has ended.');
  return { name, what, plan: end ? { ...plan, steps: [end, ...plan.steps] } : plan, mark };
}

/** It left sessions, and nothing besides. */
function nothingElse({ id }: Run, { place }: OpContext): Plan {
  return {
    operation: 'recover',
    title: `End the sessions of ${id}`,
    subject: id,
    danger: 'confirm',
    writes: true,
    server: place,
    input: {},
    facts: [],
    checks: [],
    steps: [],
    leaves: () => 'No data was changed.',
    reaches: () => 'No data was changed.',
  };
}

/** How far a run came. */
function howFar({ status, steps, events }: Run): string {
  if (status !== 'interrupted')
    return `it ${status === 'failed' ? 'failed' : 'was cancelled'}, and not all of it could be rolled back.`;
  const begun = events.findLast((event) => event.type === 'start')?.step;
  if (begun === undefined) return 'killed before its first step.';
  const ended = events.some((event) => event.type === 'finish' && event.step === begun);
  return `killed ${ended ? 'after' : 'in'} step ${begun + 1} of ${steps.length}, ${steps[begun]?.title ?? ''}.`;
}

/** Whether another run holds a lock that the plan needs. */
export async function isBusy({ locks = [] }: Plan, context: OpContext): Promise<boolean> {
  if (locks.length === 0) return false;
  const session = await maintenanceSession(context, 'pgdeck-plan');
  try {
    for (const lock of locks) if (await isLocked(session, lock)) return true;
    return false;
  } finally {
    await session.close();
  }
}

function markStep({ id }: Run, { journal }: OpContext): Step {
  return {
    id: `recovered-${id}`,
    title: `Note that ${id} is cleaned up`,
    preview: `in ${journal}/${id}/events.ndjson`,
    run: async (io) => {
      // a password for the programs it had started may be in a file yet
      sweepSecretFiles();
      markRecovered(journal, id, io.run);
    },
  };
}
