import { markUndone } from '../engine/journal/journal.ts';
import { listRuns, type Run, readRun } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan } from '../engine/plan.ts';

/**
 * Does an undo of run `id` that was killed to its end, by the plan that takes that run back; undefined where that is done,
 * or another one does it. Throws what `undo` throws.
 */
export async function finishUndo(
  undoing: Run,
  id: string,
  context: OpContext,
  undo: (run: Run, context: OpContext) => Promise<Plan>,
): Promise<Plan | undefined> {
  const run = readRun(context.journal, id);
  if (run === undefined || run.undone_by !== null) return undefined;
  // of several that were killed one is enough: two would put the same rows back
  const newest = listRuns(context.journal).find(
    ({ facts, operation }) => facts.undo_of === id && operation !== 'recover',
  );
  if (newest?.id !== undoing.id) return undefined;
  const plan = await undo(run, context);
  return {
    ...plan,
    operation: 'recover',
    steps: [
      ...plan.steps,
      {
        id: 'undone',
        title: `Note that ${id} is undone`,
        preview: `in ${context.journal}/${id}/events.ndjson`,
        run: async (io) => markUndone(context.journal, id, io.run),
      },
    ],
  };
}
