import { z } from 'zod';
import { engineErrors } from '../engine/errors.ts';
import { listRuns, readRun } from '../engine/journal/runs.ts';
import { isOnServer, serverHere } from '../engine/journal/server.ts';
import { defineOperation } from '../engine/operation.ts';
import { undo } from '../engine/undo.ts';
import { cleanupErrors } from './errors.ts';
import { notedTasks } from './facts.ts';
import { recoverCleanup } from './recover.ts';

/** `pgdeck cleanup restore RUN`: the same as `pgdeck undo RUN`, for runs of cleanup. */
export const cleanupRestore = defineOperation({
  id: 'cleanup restore',
  input: z.object({ run: z.string() }),
  fields: {
    run: {
      title: 'Run',
      hint: 'the run of cleanup whose rows come back, by its id',
      argument: true,
      choices: async (context) => {
        const here = await serverHere(context);
        return listRuns(context.journal)
          .filter((run) => run.operation === 'cleanup' && run.undone_by === null && isOnServer(run, here))
          .filter(({ facts }) => notedTasks(facts).some(({ archive }) => archive !== undefined))
          .map((run) => ({ value: run.id, hint: run.subject }));
      },
      none: () => 'No cleanup has kept rows in an archive.',
    },
  },
  plan: async ({ run: id }, context) => {
    const run = readRun(context.journal, id);
    if (run === undefined) throw engineErrors.noRun({ run: id });
    if (run.operation !== 'cleanup') throw cleanupErrors.otherRun({ run: id, operation: run.operation });
    const tasks = notedTasks(run.facts);
    if (tasks.length > 0 && tasks.every(({ task }) => task.archives === null))
      throw cleanupErrors.noArchive({ run: id });
    return { ...(await undo.plan({ run: id }, context)), operation: 'cleanup restore' };
  },
  recover: recoverCleanup,
});
