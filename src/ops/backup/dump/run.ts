import type { Server } from '../../../db/server.ts';
import { CommandError, type PipeCommand, type RunOptions } from '../../../targets/target.ts';
import type { OpContext } from '../../engine/context.ts';
import type { StepIo } from '../../engine/operation.ts';
import { OpError } from '../../error.ts';
import { withClientEnvironment, withoutTimeouts } from '../../programs/environment.ts';
import { dumpFailure } from './failure.ts';

/** What is kept of a program's output for its error. */
const OUTPUT = 64 * 1024;

/**
 * Runs the programs that write a backup until all have ended with 0. Throws {@link OpError} with what they said,
 * CommandError for one that is missing or was killed.
 */
export async function runDump(
  io: StepIo,
  context: OpContext,
  commands: readonly PipeCommand[],
  place: string,
  signal: AbortSignal,
  server: Server,
): Promise<void> {
  await withClientEnvironment(context, io.applicationName, async (env) => {
    const options: RunOptions = {
      env: { ...env, ...withoutTimeouts(server) },
      signal,
      maxOutput: OUTPUT,
      onLine: (text, from) => io.line(text, from),
    };
    const [only, ...more] = commands;
    if (only === undefined) return;
    try {
      const { exitCode, stderr, program } =
        more.length === 0
          ? await io.host.run(only.command, only.args, options)
          : await io.host.pipe(commands, options);
      if (exitCode !== 0)
        throw dumpFailure(program ?? only.command, exitCode, context.secrets.redact(stderr), place);
    } catch (error) {
      if (error instanceof CommandError && error.kind === 'cancelled')
        throw new OpError('cancelled', error.message, undefined, error);
      throw error;
    }
  });
}
