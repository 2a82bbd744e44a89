import { docker } from '../../hosts/docker/docker.ts';
import { shWord } from '../../text/shell.ts';
import { type ComposeCommand, commandText } from '../containers/compose.ts';
import { systemIdentifier } from '../database/identity.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Step, StepIo } from '../engine/plan.ts';
import { awaitServer } from '../server/wait.ts';
import { composeErrors } from './errors.ts';
import { type Project, usersOf } from './project.ts';

interface Known {
  readonly context: OpContext;
  readonly project: Project;
  /** Of the server that is removed. */
  readonly identifier: string | undefined;
  readonly seconds: number;
}

export interface Reset extends Known {
  /** The project was told to go down. */
  begun: boolean;
  /** The new server has let somebody in. */
  back: boolean;
}

export function newReset(known: Known): Reset {
  return { ...known, begun: false, back: false };
}

/** Compose pulls images and builds where it has to. */
const PATIENCE_MS = 3_600_000;

/** Runs a command of compose on this machine. Throws {@link ../error.ts OpError} with its last lines. */
export async function runCompose(
  io: Pick<StepIo, 'signal' | 'line'>,
  { here }: Pick<OpContext, 'here'>,
  { command, args }: ComposeCommand,
  directory: string,
): Promise<void> {
  const { exitCode, stderr } = await here.run(command, args, {
    signal: io.signal,
    cwd: directory,
    timeout: PATIENCE_MS,
    maxOutput: 32 * 1024,
    onLine: (text) => io.line(text, 'stderr'),
  });
  if (exitCode === 0) return;
  const why = `exit code ${exitCode}: ${stderr.trim().split('\n').slice(-6).join('\n')}`;
  throw composeErrors.commandFailed({ command: commandText({ command, args }), why });
}

export function downStep(
  reset: Reset,
  down: ComposeCommand,
  up: ComposeCommand,
  volumes: readonly string[],
): Step {
  const { context, project } = reset;
  return {
    id: 'down',
    title: `Stop the project ${project.name} and remove its containers`,
    preview: commandText(down),
    effect: 'every service of the project is stopped; volumes stay',
    run: async (io) => {
      io.record({
        compose: {
          project: project.name,
          directory: project.directory,
          volumes: [...volumes],
          up: { command: up.command, args: [...up.args] },
        },
      });
      reset.begun = true;
      await runCompose(io, context, down, project.directory);
      io.crashPoint('down:stopped');
    },
    // what is stopped is started again when the volume is not removed
    rollback: async (io) => {
      await runCompose(io, context, up, project.directory);
      io.record({ compose_up: true });
    },
  };
}

export function removeStep(volumes: readonly string[]): Step {
  return {
    id: 'remove',
    title: `Remove ${volumes.join(' and ')}`,
    preview: volumes.map((name) => `docker volume rm ${shWord(name)}`).join('\n'),
    effect: 'the data of the server is gone; the backup has it',
    run: async (io) => {
      for (const volume of volumes) {
        const users = await usersOf(volume);
        if (users.length > 0) throw composeErrors.changed({ volume, by: users.join(', ') });
        const { exitCode, stderr } = await docker(['volume', 'rm', volume]);
        if (exitCode !== 0)
          throw composeErrors.commandFailed({ command: `docker volume rm ${volume}`, why: stderr.trim() });
        io.line(`removed ${volume}`);
        io.crashPoint('remove:removed');
      }
    },
  };
}

export function upStep(reset: Reset, up: ComposeCommand): Step {
  const { context, project, seconds } = reset;
  return {
    id: 'up',
    title: `Start the project ${project.name} and wait for its server`,
    preview: `${commandText(up)}\na connection to ${context.place}, for ${seconds} s at most`,
    // an earlier failure leaves no project that is down
    run: async (io) => {
      await runCompose(io, context, up, project.directory);
      io.record({ compose_up: true });
      await awaitNew(io, context, seconds);
      reset.back = true;
    },
  };
}

/** Waits for whatever server comes up. Throws {@link ../error.ts OpError} where none does in time. */
export async function awaitNew(
  io: Pick<StepIo, 'signal' | 'waits'>,
  context: OpContext,
  seconds: number,
): Promise<void> {
  const { session, why } = await awaitServer(context, io, { seconds, startedAt: Number.NaN, fresh: true });
  if (session === undefined) throw composeErrors.notBack({ seconds, why });
  await session.close();
}

export function seenStep({ context, identifier, seconds }: Reset): Step {
  return {
    id: 'verify',
    title: 'See that the server is a new one',
    preview: 'system_identifier of pg_control_system(); list of the databases',
    run: async (io) => {
      const { session } = await awaitServer(context, io, { seconds, startedAt: Number.NaN, fresh: true });
      if (session === undefined) throw composeErrors.notBack({ seconds, why: 'it has gone again.' });
      try {
        const now = await systemIdentifier(session);
        if (now !== undefined && now === identifier) throw composeErrors.sameServer({ identifier: now });
        const rows = await session.sql(
          'SELECT datname::text AS name FROM pg_database WHERE NOT datistemplate ORDER BY 1',
        );
        io.result({
          title: 'The new server',
          columns: ['what', 'before', 'now'],
          rows: [
            ['system identifier', identifier ?? 'not told', now ?? 'not told'],
            ['databases', '', rows.map(({ name }) => String(name)).join(', ')],
          ],
        });
      } finally {
        await session.close();
      }
    },
  };
}
