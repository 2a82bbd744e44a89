import type { Command } from 'commander';
import type { Context } from './context.ts';
import { group } from './operation.ts';
import { EXIT, unwritten } from './output.ts';
import { seconds } from './seconds.ts';

export interface HealthOptions {
  readonly json?: boolean;
  readonly baseline?: string;
  readonly category?: readonly string[];
  readonly sample: number;
}

/** The verdict on a server for scripts, and what is lived with. */
export function register(program: Command, context: Context): void {
  const health = group(program, 'health')
    .description(
      'what is wrong with the server, why it matters and what fixes it; exit 0, 1 or 2 by the verdict',
    )
    .option('--json', 'one object')
    .option('--baseline <file>', 'an earlier output of health --json: only what is new counts')
    .option('--category <name>', 'only this category; may be given again', (name, all: string[] = []) => [
      ...all,
      name,
    ])
    .option('--sample <seconds>', 'time between the two readings', seconds, 3)
    .action(async (options: HealthOptions, command: Command) => {
      const [{ runHealth }, { resolved }] = await Promise.all([
        import('./health/run.ts'),
        context.resolve(command),
      ]);
      context.exitCode = await runHealth(options, resolved, context.env);
    });
  // a waiver with a slip would waive nothing, and nobody would notice
  health.commands
    .find((command) => command.name() === 'waive')
    ?.hook('preAction', async (waive) => (await import('./health/run.ts')).checkId(String(waive.args[0])));
  // 1 and 2 are verdicts: without one the exit code is 3, whatever kept it from being made
  program.hook('preSubcommand', (_program, named) => {
    if (named !== health) return;
    context.failure = EXIT.unreachable;
    Object.assign(unwritten, { full: EXIT.unreachable, closed: undefined });
  });
  health.hook('preSubcommand', () => {
    context.failure = undefined;
    Object.assign(unwritten, { full: EXIT.failed, closed: EXIT.done });
  });
}
