import type { Server } from '../../../db/server.ts';
import type { Host, PipeCommand } from '../../../hosts/host.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { StepIo } from '../../engine/plan.ts';
import { runPrograms } from '../../engine/run/programs.ts';
import { withClientEnvironment, withoutTimeouts } from '../../programs/environment.ts';
import { dumpFailure } from './failure.ts';

/** What is kept of a program's output for its error. */
export const OUTPUT = 64 * 1024;

export interface Destination {
  /** What is full where it does not fit. */
  readonly place: string;
  /** The file that takes the standard output, where they write no file themselves. */
  readonly stdoutTo?: string | undefined;
}

/**
 * Runs the programs that write a backup until all have ended with 0. Throws {@link OpError} with what they said,
 * CommandError for one that is missing or was killed.
 */
export async function runDump(
  io: StepIo,
  context: OpContext,
  host: Host,
  commands: readonly PipeCommand[],
  { place, stdoutTo }: Destination,
  signal: AbortSignal,
  server: Server,
): Promise<void> {
  await withClientEnvironment(context, io.applicationName, async (env) => {
    const [only, ...more] = commands;
    if (only === undefined) return;
    const redact = (text: string) => context.secrets.redact(text);
    const failure = (program: string, exitCode: number, stderr: string) =>
      dumpFailure(program, exitCode, stderr, place);
    await runPrograms(
      (how) => (more.length === 0 ? host.run(only.command, only.args, how) : host.pipe(commands, how)),
      { line: io.line, signal, name: only.command, redact, failure },
      {
        env: { ...env, ...withoutTimeouts(server) },
        maxOutput: OUTPUT,
        ...(stdoutTo !== undefined && { stdoutTo }),
      },
    );
  });
}
