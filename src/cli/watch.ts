import type { Command } from 'commander';
import type { Context } from './context.ts';

export interface WatchCommandOptions {
  readonly listen?: string;
  readonly webhook?: readonly string[];
  readonly mail?: readonly string[];
  readonly command?: readonly string[];
  readonly ping?: string;
  readonly test?: boolean;
  readonly printUnit?: boolean;
}

const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** The console's sampler without a screen: alerts that go out, and figures for Prometheus. */
export function register(program: Command, context: Context): void {
  program
    .command('watch')
    .description(
      'watch a server without a screen: notify of what goes wrong and of its end, serve the figures',
    )
    .option('--listen <address:port>', 'serve /health and /metrics; without an address on 127.0.0.1')
    .option(
      '--webhook <url>',
      'POST each notification as JSON (PGDECK_WEBHOOK_URL keeps it out of ps)',
      several,
    )
    .option('--mail <to>', 'mail each notification; the mail server is in PGDECK_SMTP_URL', several)
    .option('--command <command>', 'run a command with each notification as JSON on its stdin', several)
    .option('--ping <url>', 'ask for this each minute while all is well (PGDECK_PING_URL keeps it out of ps)')
    .option('--test', 'send one of each, say what became of it, and end')
    .option('--print-unit', 'print a unit for systemd, and end')
    .action(async (options: WatchCommandOptions, command: Command) => {
      const [{ runWatch }, { resolved }] = await Promise.all([
        import('./watch/run.ts'),
        context.resolve(command),
      ]);
      context.exitCode = await runWatch(options, { command, resolved, env: context.env });
    });
}
