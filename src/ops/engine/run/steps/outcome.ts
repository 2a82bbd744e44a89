import { sentenceOf } from '../../../error.ts';
import { type Failure, KEPT, Left, type Plan, type Step, type StepIo } from '../../plan.ts';
import type { Secrets } from '../secrets.ts';

/** Which of the steps that were begun are taken back when the run ends now, in their order; `done` are ids. */
export function takenBack(steps: readonly Step[], done: ReadonlySet<string>): Step[] {
  const settled = new Set(steps.flatMap(({ id, settles = [] }) => (done.has(id) ? settles : [])));
  return steps.filter(({ id, rollback }) => rollback !== undefined && !settled.has(id));
}

/** Which of the steps leave nothing when the run is stopped now, if they were begun; what others have done stays. */
export function undoneByStop(steps: readonly Step[], done: ReadonlySet<string>): Step[] {
  const back = takenBack(steps, done);
  return steps.filter((step) =>
    step.atomic === undefined ? back.includes(step) : step.atomic && !done.has(step.id),
  );
}

/** Why a run failed, and at its end the state that this leaves the data in; null where nobody knows. */
export interface Failed {
  readonly text: string;
  readonly state: string | null;
}

export function failedWith(
  { leaves }: Pick<Plan, 'leaves'>,
  { secrets }: { readonly secrets: Pick<Secrets, 'redact'> },
  why: string,
  failure: Failure,
): Failed {
  const state = secrets.redact(leaves(failure) ?? '');
  const text = secrets.redact(why);
  return state === '' ? { text, state: null } : { text: `${text}\n${state}`, state };
}

/** The command that takes a run back that was done; null where there is none. */
export function undoCommand({ undo }: Pick<Plan, 'undo'>, run: string): string | null {
  if (undo === undefined) return null;
  return undo === 'undo' ? `pgdeck undo ${run}` : undo.command;
}

/**
 * Takes a step back. Undefined when it had nothing to take back; else why it could not be, or null when it was. `again`:
 * another attempt may succeed.
 */
export async function takeBack(
  { rollback }: Step,
  io: StepIo,
): Promise<{ readonly text: string | null; readonly again: boolean } | undefined> {
  try {
    const answer = await rollback?.(io);
    if (rollback === undefined || answer === KEPT) return undefined;
    return { text: answer instanceof Left ? answer.sentence : null, again: false };
  } catch (error) {
    return { text: sentenceOf(error), again: true };
  }
}
