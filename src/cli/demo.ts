import type { Command } from 'commander';
import { UsageError } from '../config/usage-error.ts';
import type { Context } from './context.ts';
import { note } from './output.ts';

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
      if (process.stdout.isTTY !== true || process.stdin.isTTY !== true)
        throw new UsageError('The demo opens the console, and this is no terminal.', 'Run it in a terminal.');
      const { settings } = await context.settings(command);
      const [{ startDemo }, { resolvedFor }, { startConsole }] = await Promise.all([
        import('../demo/demo.ts'),
        import('../config/profile.ts'),
        import('../ui/start.tsx'),
      ]);
      const demo = await startDemo({ scale: times, keep: keep === true, onStep: note });
      try {
        const resolved = resolvedFor(demo.target, 'demo', settings);
        const display = context.display(command, settings);
        context.exitCode = await startConsole({ resolved, settings, ...display });
      } finally {
        await demo.stop();
      }
    });
}
