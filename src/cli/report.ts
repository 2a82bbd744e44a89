import { type Command, Option } from 'commander';
import type { Context } from './context.ts';
import { seconds } from './seconds.ts';

export const REPORT_FORMATS = ['text', 'markdown', 'html', 'json'] as const;

export interface ReportOptions {
  readonly format: (typeof REPORT_FORMATS)[number];
  readonly out?: string;
  readonly force?: boolean;
  readonly sample: number;
}

/** Everything at once, to be read later or by somebody else. */
export function register(program: Command, context: Context): void {
  program
    .command('report')
    .description(
      'one page on the server: health, statements, tables, locks, settings, backups, with the age of each',
    )
    .configureHelp({ showGlobalOptions: false })
    .addOption(
      new Option('--format <format>', 'what it is written as').choices(REPORT_FORMATS).default('text'),
    )
    .option('--out <file>', 'write it to this file, for its owner only')
    .option('--force', 'write over a file that is there')
    .option('--sample <seconds>', 'time between the two readings', seconds, 3)
    .action(async (options: ReportOptions, command: Command) => {
      const [{ runReport }, { resolved }] = await Promise.all([
        import('./report/run.ts'),
        context.resolve(command),
      ]);
      context.exitCode = await runReport(options, resolved, context.env);
    });
}
