import type { Server } from '../../db/server.ts';
import type { Session } from '../../db/session.ts';
import { duration, moment, plural } from '../../text/units.ts';
import { systemIdentifier } from '../database/identity.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Step, StepIo } from '../engine/plan.ts';
import { serverErrors } from './errors.ts';
import { lastWords } from './log.ts';
import { endedWork, lookAtServer, type Seen } from './look.ts';
import { pendingRestart } from './queries/pending.ts';
import { type Awaited, awaitServer } from './wait.ts';
import { goWay, type Way, wayText } from './way/way.ts';

interface Known {
  readonly context: OpContext;
  readonly input: { readonly timeout: number; readonly stop_timeout: number };
  readonly seen: Seen;
  /** Settings that wait for the restart. */
  readonly waiting: readonly string[];
  readonly identifier: string | undefined;
  /** Work that has to be done again may be ended. */
  readonly accepted: boolean;
  /** When the server began that is restarted. */
  readonly startedAt: number;
}

/** A restart with what its steps leave to those after them. */
export interface Restart extends Known {
  /** Its command was begun. */
  begun: boolean;
  /** The new server has let somebody in. */
  back: boolean;
  /** Why the command has failed, which the server may not have minded. */
  failure: string | undefined;
  /** When the command was begun, by performance.now(). */
  since: number;
  readonly hooks: { stopped: boolean; replaced: boolean };
}

export function newRestart(known: Known): Restart {
  const hooks = { stopped: false, replaced: false };
  return { ...known, begun: false, back: false, failure: undefined, since: 0, hooks };
}

/** What is written now need not be written while nobody can connect. */
export function checkpointStep({ rights, standby }: Pick<Server, 'rights' | 'standby'>): Step[] {
  if (!rights.superuser || standby) return [];
  return [
    {
      id: 'checkpoint',
      title: 'Write a checkpoint, so that stopping is quick',
      preview: 'CHECKPOINT;',
      effect: 'disks are busy for a while; everybody can work',
      run: async (io) => {
        const session = await io.connect();
        await session.sql('CHECKPOINT');
        await session.close();
      },
    },
  ];
}

export function restartStep(restart: Restart, way: Way): Step {
  const { context, startedAt, identifier, waiting, input } = restart;
  return {
    id: 'restart',
    title: 'Restart the server',
    preview: wayText(way, context),
    effect: 'every session is ended; nobody can connect until it is back',
    run: async (io) => {
      await refuseNew(io, restart);
      io.record({ restart: { way, started_at: startedAt, identifier: identifier ?? null, waiting } });
      io.crashPoint('restart:recorded');
      restart.begun = true;
      restart.hooks.replaced = true;
      restart.since = performance.now();
      restart.failure = await goWay(way, context, io, input.stop_timeout + input.timeout);
      io.crashPoint('restart:sent');
      if (restart.failure !== undefined) io.line(`The command has failed: ${restart.failure}`, 'stderr');
    },
  };
}

/** What has begun since it was looked at is nobody's word to end. */
async function refuseNew(io: StepIo, { seen, accepted }: Restart): Promise<void> {
  if (accepted) return;
  const known = new Set(endedWork(seen.work));
  const session = await io.control();
  const { work } = await lookAtServer(session);
  const own = `the run ${io.run}`;
  const fresh = endedWork(work).filter((one) => one !== own && !known.has(one));
  if (fresh.length > 0) throw serverErrors.newWork({ what: fresh.join(', ') });
}

export function waitStep(restart: Restart, way: Way): Step {
  const { context, startedAt, input } = restart;
  return {
    id: 'wait',
    title: 'Wait until it accepts connections',
    preview: `a connection to ${context.place}, for ${plural(input.timeout, 'second')} at most`,
    run: async (io) => {
      const command = wayText(way, context);
      // a command that has failed has most likely done nothing
      const seconds = restart.failure === undefined ? input.timeout : Math.min(10, input.timeout);
      const awaited = await awaitServer(context, io, { seconds, startedAt });
      if (awaited.session === undefined) throw await failureOf(restart, way, awaited, { seconds, command });
      await awaited.session.close();
      restart.back = true;
      io.record({ restarted: true });
      io.line(`It accepts connections after ${duration((performance.now() - restart.since) / 1000)}.`);
    },
  };
}

async function failureOf(
  { context, failure }: Restart,
  way: Way,
  { same, why }: Awaited,
  { seconds, command }: { readonly seconds: number; readonly command: string },
): Promise<Error> {
  if (same && failure !== undefined) return serverErrors.commandFailed({ command, why: failure });
  if (same) return serverErrors.notRestarted({ command, seconds });
  return notBack(
    context,
    way,
    failure === undefined ? why : `${why} The command has failed: ${failure}`,
    seconds,
  );
}

/** With its last words, and the way back. */
export async function notBack(context: OpContext, way: Way, why: string, seconds: number): Promise<Error> {
  const words = await lastWords(context, way);
  const back = `Mend what it says, then start it with: ${wayText(way, context)}. Where a setting keeps it from starting, take its line out of postgresql.auto.conf or postgresql.conf first.`;
  return serverErrors.notBack({ seconds, why, back, ...words });
}

export function verifyStep(restart: Restart): Step {
  return {
    id: 'verify',
    title: 'See that it is the same server, and that what waited is in force',
    preview: `pg_postmaster_start_time(), pg_control_system(), pg_settings.pending_restart`,
    run: async (io) => {
      const session = await io.connect();
      try {
        await verify(io, session, restart);
      } finally {
        await session.close();
      }
    },
  };
}

async function verify(
  io: StepIo,
  session: Session,
  { identifier, startedAt, waiting }: Pick<Restart, 'identifier' | 'startedAt' | 'waiting'>,
): Promise<void> {
  const after = await systemIdentifier(session);
  if (identifier !== undefined && after !== undefined && after !== identifier)
    throw serverErrors.otherServer({ before: identifier, after });
  const still = new Set((await session.run(pendingRestart, undefined)).map(({ name }) => name));
  io.result({
    title: 'Restarted',
    columns: ['what', 'before', 'now'],
    rows: [
      ['runs since', moment(new Date(startedAt)), moment(new Date(session.server.startedAt))],
      ['system identifier', identifier ?? 'not told', after ?? 'not told'],
      ...waiting.map((name) => [name, 'waited for it', still.has(name) ? 'waits still' : 'in force']),
    ],
  });
  if (still.size > 0) io.line(`Not in force yet, for another restart: ${[...still].join(', ')}.`, 'stderr');
}
