import { z } from 'zod';
import { inspect } from '../../hosts/docker/docker.ts';
import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan, Step } from '../engine/plan.ts';
import { isUnreachable } from '../engine/run/unreachable.ts';
import { runAfter } from '../restore/steps/hooks.ts';
import { notBack } from './steps.ts';
import { awaitServer } from './wait.ts';
import { goWay, startOf, type Way, wayText } from './way/way.ts';

const factsSchema = z.object({
  restart: z
    .object({
      way: z.object({
        kind: z.enum(['docker', 'command', 'pg_ctl']),
        on: z.enum(['here', 'host']),
        command: z.string(),
        args: z.array(z.string()),
        uid: z.int().optional(),
        gid: z.int().optional(),
        container: z.string().optional(),
        log: z.string().optional(),
      }),
      started_at: z.number(),
    })
    .optional(),
  hooks: z.object({ before: z.string().nullable(), after: z.string().nullable() }).optional(),
  after_ran: z.boolean().optional(),
});

/** A server that is on its way comes back in that time. */
const BY_ITSELF_SECONDS = 10;
const START_SECONDS = 300;

/**
 * What a restart that was killed has left: a server that is down, an application that was stopped and not started.
 * Undefined where it left neither. The server need not answer for it.
 */
export async function recoverRestart(run: Run, context: OpContext): Promise<Plan | undefined> {
  const { restart, hooks, after_ran } = factsSchema.parse(run.facts);
  const steps: Step[] = [];
  const { restart: begun } = { restart };
  const down = begun !== undefined && (await isDown(context));
  const { way } = begun ?? {};
  if (down && way !== undefined) steps.push(startStep(context, narrowed(way)));
  const after = hooks?.after;
  if (after != null && after_ran !== true)
    steps.push({
      id: 'after',
      title: 'Run the command after, which the restart did not come to',
      preview: after,
      run: (io) => runAfter(io, after),
    });
  if (steps.length === 0) return undefined;
  return {
    operation: 'recover',
    title: `Clean up after ${run.subject}`,
    subject: run.id,
    danger: 'confirm',
    writes: down,
    server: context.place,
    input: { run: run.id },
    facts: [
      {
        label: 'Server',
        value: down ? 'does not accept connections' : 'accepts connections',
      },
    ],
    checks: [],
    steps,
    leaves: () => 'No data was changed.',
    reaches: () => 'The server accepts connections; no data was changed.',
  };
}

type Recorded = NonNullable<z.output<typeof factsSchema>['restart']>['way'];

function narrowed({ uid, gid, container, log, ...way }: Recorded): Way {
  return {
    ...way,
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
    ...(container !== undefined && { container }),
    ...(log !== undefined && { log }),
  };
}

async function isDown(context: OpContext): Promise<boolean> {
  try {
    await context.session();
    return false;
  } catch (error) {
    if (isUnreachable(error)) return true;
    throw error;
  }
}

/** Whether it is a container that is down, and that docker does not start again by itself. */
async function isStopped({ kind, container }: Way): Promise<boolean> {
  if (kind !== 'docker' || container === undefined) return false;
  return inspect(container).then(
    ({ running, restarting }) => !running && !restarting,
    () => false,
  );
}

function startStep(context: OpContext, recorded: Way): Step {
  const way = startOf(recorded);
  return {
    id: 'start',
    title: 'Start the server, where it does not come by itself',
    preview: wayText(way, context),
    run: async (io) => {
      // whatever began: there is no server from before to be told from it
      const any = { startedAt: Number.NaN };
      // a container that is down does not come by itself; docker start does no harm to one that comes all the same
      const patience = (await isStopped(recorded)) ? 0 : BY_ITSELF_SECONDS;
      const alone = await awaitServer(context, io, { seconds: patience, ...any });
      if (alone.session !== undefined) {
        await alone.session.close();
        io.line('It came by itself.');
        return;
      }
      const failure = await goWay(way, context, io, START_SECONDS);
      if (failure !== undefined) io.line(`The command has failed: ${failure}`, 'stderr');
      const seconds = failure === undefined ? START_SECONDS : BY_ITSELF_SECONDS;
      const { session, why } = await awaitServer(context, io, { seconds, ...any });
      if (session === undefined) throw await notBack(context, recorded, why, seconds);
      await session.close();
    },
  };
}
