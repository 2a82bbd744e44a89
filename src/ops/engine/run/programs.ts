import { CommandError, type RunOptions, type RunResult } from '../../../hosts/host.ts';
import type { OpError } from '../../error.ts';
import { engineErrors } from '../errors.ts';
import type { ExecOptions, StepIo } from '../plan.ts';

/** Lines of stderr that tell why a program failed. */
const TAIL = 12;

export interface Surroundings extends Pick<StepIo, 'line'> {
  readonly signal: AbortSignal | undefined;
  /** What is run, where the result does not say which of several has failed. */
  readonly name: string;
  readonly redact?: (text: string) => string;
  /** What a program's exit code and words mean; without it they are told as they are. The words are redacted. */
  readonly failure?: (program: string, exitCode: number, stderr: string) => OpError;
}

/**
 * Runs programs in a step: lines streamed, cancelled with the run. Throws {@link OpError} when one ends with a code that
 * is not accepted, CommandError for one that is missing or was killed.
 */
export async function runPrograms(
  run: (options: RunOptions) => Promise<RunResult>,
  { line, signal, name, redact = (text) => text, failure = asTold }: Surroundings,
  { accept = [0], quiet, onLine, ...options }: ExecOptions,
): Promise<RunResult> {
  let result: RunResult;
  try {
    result = await run({
      ...options,
      ...(signal && { signal }),
      onLine: (text, from) => {
        if (!quiet) line(text, from);
        onLine?.(text, from);
      },
    });
  } catch (error) {
    if (error instanceof CommandError && error.kind === 'cancelled')
      throw engineErrors.cancelled({ why: error.message }, error);
    throw error;
  }
  const { exitCode, stderr, program = name } = result;
  if (accept.includes(exitCode)) return result;
  throw failure(program, exitCode, redact(stderr));
}

function asTold(program: string, exitCode: number, stderr: string): OpError {
  const said = stderr.trim().split('\n').slice(-TAIL).join('\n');
  return engineErrors.program({ program, exitCode, said });
}
