import type { Host, PipeCommand, PipeOptions, RunResult } from '../../hosts/host.ts';
import type { ExecOptions, StepIo } from '../engine/plan.ts';
import { runPrograms } from '../engine/run/programs.ts';

/**
 * Runs commands as one pipe in a step, as io.exec runs one. Throws {@link ../error.ts OpError} with the last lines of
 * stderr when one of them fails.
 */
export function pipeline(
  host: Host,
  { line, signal }: Pick<StepIo, 'line' | 'signal'>,
  commands: readonly PipeCommand[],
  {
    through,
    inputFrom,
    ...options
  }: Omit<ExecOptions, 'input'> & Pick<PipeOptions, 'through' | 'inputFrom'> = {},
): Promise<RunResult> {
  const piped = { line, signal, name: 'A program' };
  return runPrograms(
    (how) => host.pipe(commands, { ...how, ...(through && { through }), ...(inputFrom && { inputFrom }) }),
    piped,
    options,
  );
}
