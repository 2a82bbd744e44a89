import { sentenceOf } from '../../../error.ts';
import { type Failure, KEPT, Left, type Plan, type Step, type StepIo } from '../../plan.ts';

/** Which of the steps that were begun are taken back when the run ends now, in their order; `done` are ids. */
export function takenBack(steps: readonly Step[], done: ReadonlySet<string>): Step[] {
  const settled = new Set(steps.flatMap(({ id, settles = [] }) => (done.has(id) ? settles : [])));
  return steps.filter(({ id, rollback }) => rollback !== undefined && !settled.has(id));
}

/** The failure with the state that it leaves the data in, as the plan declares it. */
export function withState(text: string, { leaves }: Pick<Plan, 'leaves'>, failure: Failure): string {
  const state = leaves?.(failure);
  return state === undefined ? text : `${text}\n${state}`;
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
