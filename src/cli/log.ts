import { type Command, InvalidArgumentError } from 'commander';
import { SEVERITIES, type Severity } from '../log/entry.ts';
import { parseDuration } from '../text/units.ts';
import type { Context } from './context.ts';

export interface LogOptions {
  readonly follow?: boolean;
  /** Seconds. */
  readonly since?: number;
  readonly level?: Severity;
  readonly json?: boolean;
}

/** The server's log, wherever it can be read. */
export function register(program: Command, context: Context): void {
  program
    .command('log')
    .description("print the server's log, whatever its form, as far as it can be read")
    .option('--follow', 'and what is written from now on, until stopped')
    .option(
      '--since <duration>',
      'how far back to begin: 30m, 2h, 1d (1h unless told, with --follow 1m)',
      seconds,
    )
    .option('--level <level>', `only what is at least as bad: ${SEVERITIES.join(', ')}`, level)
    .option('--json', 'one object per entry and line, with the names of jsonlog')
    .action(async (options: LogOptions, command: Command) => {
      const [{ runLog }, { resolved }] = await Promise.all([
        import('./log/run.ts'),
        context.resolve(command),
      ]);
      context.exitCode = await runLog(options, resolved);
    });
}

function seconds(text: string): number {
  const n = parseDuration(text);
  if (n === undefined) throw new InvalidArgumentError('A duration such as 30m, 2h or 1d is expected.');
  return n;
}

function level(text: string): Severity {
  const found = SEVERITIES.find((one) => one === text.toLowerCase());
  if (found === undefined) throw new InvalidArgumentError(`One of ${SEVERITIES.join(', ')} is expected.`);
  return found;
}
