import { markUndone } from '../../engine/journal/journal.ts';
import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Step } from '../../engine/plan.ts';

/** None of them is gone on with, or taken back again. */
export function markStep({ journal }: OpContext, runs: readonly Run[]): Step {
  return {
    id: 'mark',
    title: 'Note that it was taken back',
    preview: '# in the journal',
    run: async (io) => {
      for (const { id, undone_by } of runs) if (undone_by === null) markUndone(journal, id, io.run);
    },
  };
}
