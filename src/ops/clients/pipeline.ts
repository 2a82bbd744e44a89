import { CommandError, type PipeCommand, type RunResult } from '../../targets/target.ts';
import { OpError } from '../error.ts';
import type { ExecOptions, StepIo } from '../operation.ts';

/** Lines of stderr that tell why a program failed. */
const TAIL = 12;

/**
 * Runs commands as one pipe in a step, as io.exec runs one: lines streamed, cancelled with the run. Throws
 * {@link OpError} with the last lines of stderr when one of them fails.
 */
export async function pipeline(
  io: StepIo,
  commands: readonly PipeCommand[],
  { accept = [0], quiet, onLine, ...options }: Omit<ExecOptions, 'input'> = {},
): Promise<RunResult> {
  let result: RunResult;
  try {
    result = await io.host.pipe(commands, {
      ...options,
      signal: io.signal,
      onLine: (text, from) => {
        if (!quiet) io.line(text, from);
        onLine?.(text, from);
      },
    });
  } catch (error) {
    if (error instanceof CommandError && error.kind === 'cancelled')
      throw new OpError('cancelled', error.message, undefined, error);
    throw error;
  }
  if (accept.includes(result.exitCode)) return result;
  const said = result.stderr.trim().split('\n').slice(-TAIL).join('\n');
  throw new OpError(
    'failed',
    `${result.program ?? 'A program'} failed with exit code ${result.exitCode}${said === '' ? '.' : `:\n${said}`}`,
  );
}
