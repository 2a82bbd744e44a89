import type { Command } from 'commander';
import { UsageError } from '../config/usage-error.ts';
import type { Context } from './context.ts';

/** The console on a throwaway server. */
export function register(program: Command, context: Context): void {
  program
    .command('demo')
    .description('open the console on a throwaway PostgreSQL with a live workload')
    .option('--scale <n>', 'how large and how busy, 1 to 20', '1')
    .option('--keep', 'leave the data directory behind')
    .action(async (options: { scale: string; keep?: boolean }, command: Command) => {
      if (process.stdout.isTTY !== true || process.stdin.isTTY !== true)
        throw new UsageError('The demo opens the console, and this is no terminal.', 'Run it in a terminal.');
      const { settings } = await context.settings(command);
      const [{ createCluster }, { resolvedFor }, { startConsole }] = await Promise.all([
        import('../demo/cluster.ts'),
        import('../config/profile.ts'),
        import('../ui/start.tsx'),
      ]);
      const cluster = await createCluster({ ...(options.keep && { keep: true }) });
      try {
        const resolved = resolvedFor(cluster.target(), 'demo', settings);
        const display = context.display(command, settings);
        context.exitCode = await startConsole({ resolved, settings, ...display, demo: true });
      } finally {
        await cluster.remove();
      }
    });
}
