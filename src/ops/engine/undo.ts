import { z } from 'zod';
import type { OpError } from '../error.ts';
import { engineErrors } from './errors.ts';
import { listRuns, type Run, readRun } from './journal/runs.ts';
import { addressOf, type Here, isOnServer, serverHere } from './journal/server.ts';
import type { OpContext } from './operation.ts';
import { type AnyOperation, defineOperation } from './operation.ts';

/** Takes back a run that was done, wholly or in part, as its operation knows how. */
export const undo = defineOperation({
  id: 'undo',
  input: z.object({ run: z.string() }),
  fields: {
    run: {
      title: 'Run',
      hint: 'the run by its id',
      argument: true,
      choices: async (context) => {
        const here = await serverHere(context);
        return listRuns(context.journal)
          .filter((run) => refusalOf(run) === undefined && isOnServer(run, here))
          .map((run) => ({ value: run.id, hint: run.subject }));
      },
      none: () => 'No run on this server can be undone.',
    },
  },
  plan: async ({ run: id }, context) => {
    const run = readRun(context.journal, id);
    if (!run) throw engineErrors.noRun({ run: id });
    const refused = refusalOf(run) ?? elsewhere(run, await serverHere(context));
    if (refused) throw refused;
    const operation = await operationOf(run, context);
    if (operation?.undo === undefined) throw engineErrors.noUndo({ run: id, operation: run.operation });
    const plan = await operation.undo(run, context);
    return { ...plan, operation: 'undo', input: { run: id }, undoes: id };
  },
  // what taking back has left is of the same kind as what doing leaves
  recover: async (run, context) => (await undoneBy(run, context))?.recover?.(run, context),
});

async function operationOf(run: Run, { operations }: OpContext): Promise<AnyOperation | undefined> {
  return operations(run.operation)?.load();
}

/** The operation that a run of `undo` was taking back. */
async function undoneBy({ input }: Run, context: OpContext): Promise<AnyOperation | undefined> {
  const undone = readRun(context.journal, String(input.run));
  return undone && operationOf(undone, context);
}

/** Why a run cannot be taken back, as far as the journal tells; undefined when it can. */
function refusalOf(run: Run): OpError | undefined {
  const { id, status, undo: command, undone_by } = run;
  if (undone_by !== null) return engineErrors.takenBack({ run: id, by: undone_by });
  if (status === 'running') return engineErrors.running({ run: id });
  // whether it was done its operation has to find out
  const recovered = status === 'interrupted' && typeof run.recovered_by === 'string';
  if (status === 'interrupted' && !recovered) return engineErrors.killed({ run: id });
  // one that has changed something all the same says how it is taken back
  if (status !== 'done' && !recovered && command === null) return engineErrors.notDone({ run: id, status });
  if (command === null && !recovered) return engineErrors.noUndo({ run: id, operation: run.operation });
  if (command !== null && command !== `pgdeck undo ${id}`)
    return engineErrors.otherUndo({ run: id, command });
  return undefined;
}

/** What it has changed is not here. */
function elsewhere(run: Run, here: Here): OpError | undefined {
  if (isOnServer(run, here)) return undefined;
  const { id, server } = run;
  return addressOf(server) === addressOf(here.place)
    ? engineErrors.otherSystem({ run: id, server })
    : engineErrors.otherServer({ run: id, server, here: here.place });
}
