import { z } from 'zod';
import { OpError } from '../error.ts';
import { listRuns, type Run, readRun } from './journal/runs.ts';
import { addressOf, type Here, isOnServer, serverHere } from './journal/server.ts';
import type { OpContext } from './operation.ts';
import { type AnyOperation, defineOperation } from './operation.ts';

const LIST = 'See what was done with: pgdeck runs list';

/** Takes back a run that was done, as its operation knows how. */
export const undo = defineOperation({
  id: 'undo',
  input: z.object({ run: z.string() }),
  fields: {
    run: {
      title: 'Run',
      hint: 'the run, as runs list has it',
      argument: true,
      choices: async (context) => {
        const here = await serverHere(context);
        return listRuns(context.journal)
          .filter((run) => refusalOf(run) === undefined && isOnServer(run, here))
          .map((run) => ({ value: run.id, hint: run.subject }));
      },
    },
  },
  plan: async ({ run: id }, context) => {
    const run = readRun(context.journal, id);
    if (!run) throw new OpError('refused', `There is no run "${id}".`, LIST);
    const refused = refusalOf(run) ?? elsewhere(run, await serverHere(context));
    if (refused) throw refused;
    const operation = await operationOf(run, context);
    if (operation?.undo === undefined) throw impossible(run);
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
  if (undone_by !== null)
    return new OpError('refused', `${id} was taken back already, by ${undone_by}.`, LIST);
  if (status === 'running')
    return new OpError(
      'refused',
      `${id} is still running.`,
      'Wait for it, or stop it with ^C where it runs.',
    );
  // whether it was done its operation has to find out
  const recovered = status === 'interrupted' && typeof run.recovered_by === 'string';
  if (status === 'interrupted' && !recovered)
    return new OpError(
      'refused',
      `${id} was killed before it was done.`,
      'Clean up after it first: pgdeck recover',
    );
  if (status !== 'done' && !recovered)
    return new OpError('refused', `${id} was not done (${status}): it has taken itself back.`, LIST);
  if (command === null && !recovered) return impossible(run);
  if (command !== null && command !== `pgdeck undo ${id}`)
    return new OpError('refused', `${id} is taken back by another command.`, `Use: ${command}`);
  return undefined;
}

/** What it has changed is not here. */
function elsewhere(run: Run, here: Here): OpError | undefined {
  if (isOnServer(run, here)) return undefined;
  const { id, server } = run;
  const next = 'Name that server with -h and -p, or its profile.';
  if (addressOf(server) !== addressOf(here.place))
    return new OpError('refused', `${id} was done on ${server}, and this is ${here.place}.`, next);
  return new OpError(
    'refused',
    `${id} was done on another server, which ${server} led to then: the one that answers there now has another system identifier.`,
    next,
  );
}

function impossible({ id, operation }: Run): OpError {
  return new OpError('refused', `${id} (${operation}) cannot be undone.`, LIST);
}
