import { CommandError, type RunOptions, type RunResult } from '../../../targets/target.ts';
import { OpError } from '../../error.ts';
import type { ExecOptions, StepIo } from '../operation.ts';

/** Lines of stderr that tell why a program failed. */
const TAIL = 12;

export interface Surroundings extends Pick<StepIo, 'line' | 'signal'> {
  /** What is run, where the result does not say which of several has failed. */
  readonly name: string;
  readonly redact?: (text: string) => string;
}

/**
 * Runs programs in a step: lines streamed, cancelled with the run. Throws {@link OpError} with the last lines of stderr
 * when one ends with a code that is not accepted.
 */
export async function runPrograms(
  run: (options: RunOptions) => Promise<RunResult>,
  { line, signal, name, redact = (text) => text }: Surroundings,
  { accept = [0], quiet, onLine, ...options }: ExecOptions,
): Promise<RunResult> {
  let result: RunResult;
  try {
    result = await run({
      ...options,
      signal,
      onLine: (text, from) => {
        if (!quiet) line(text, from);
        onLine?.(text, from);
      },
    });
  } catch (error) {
    if (error instanceof CommandError && error.kind === 'cancelled')
      throw new OpError('cancelled', error.message, undefined, error);
    throw error;
  }
  const { exitCode, stderr, program = name } = result;
  if (accept.includes(exitCode)) return result;
  const said = redact(stderr.trim()).split('\n').slice(-TAIL).join('\n');
  throw new OpError(
    'failed',
    `${program} failed with exit code ${exitCode}${said === '' ? '.' : `:\n${said}`}`,
  );
}
