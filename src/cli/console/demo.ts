import type { Command } from 'commander';
import { UsageError } from '../../config/usage-error.ts';
import { type Context, globalOptions } from '../context.ts';
import { note } from '../output.ts';

const MAX_SCALE = 100;

/** The console on a throwaway server. */
export function register(program: Command, context: Context): void {
  program
    .command('demo')
    .description('open the console on a throwaway PostgreSQL with a live workload')
    .option('--scale <n>', `multiplies the rows, 1 to ${MAX_SCALE}`, '1')
    .option('--keep', 'leave the data directory behind')
    .action(async ({ scale, keep }: { scale: string; keep?: boolean }, command: Command) => {
      const times = Number(scale);
      if (!(Number.isInteger(times) && times >= 1 && times <= MAX_SCALE))
        throw new UsageError(`The scale must be a whole number from 1 to ${MAX_SCALE}.`);
      const terminal = process.stdout.isTTY === true;
      if (terminal && process.stdin.isTTY !== true)
        throw new UsageError('The console reads keys, and stdin is no terminal.', 'Run it in a terminal.');
      const { settings, file } = await context.settings(command);
      const flags = globalOptions(command);
      const [{ startDemo }, { resolvedFor }] = await Promise.all([
        import('../../demo/demo.ts'),
        import('../../config/profile.ts'),
      ]);
      const demo = await startDemo({ scale: times, keep: keep === true, onStep: note });
      try {
        const resolved = resolvedFor(demo.target, 'demo', settings, flags);
        if (!terminal) {
          const { printOverview } = await import('../show/once.ts');
          context.exitCode = await printOverview({
            resolved,
            ascii: context.display(command, settings).ascii,
          });
          return;
        }
        const { startConsole } = await import('../../ui/start.ts');
        context.exitCode = await startConsole({
          resolved,
          settings,
          file,
          flags,
          env: { ...context.env, ...demo.places },
          ...context.display(command, settings),
        });
      } finally {
        await demo.stop();
      }
    });
}
