import type { Command } from 'commander';
import type { Context } from './context.ts';
import { group } from './operation.ts';

export interface ExplainOptions {
  readonly statement?: string;
  readonly file?: string;
  readonly analyze?: boolean;
  readonly timeout?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** The plan of a statement. To run it for that is an operation. */
export function register(program: Command, context: Context): void {
  group(program, 'explain')
    .argument('[sql]', 'the statement; parameters such as $1 are planned for any value')
    .option('--statement <queryid>', 'one of pg_stat_statements, as show statements --json names it')
    .option('--file <file>', 'a file with the statement')
    .option('--analyze', 'run it, and show what it took: the same as explain analyze')
    .option('--timeout <seconds>', 'with --analyze: stop it after so many seconds (30)')
    .option('--plan', 'with --analyze: print what would be done, and do nothing')
    .option('--json', 'the plan as the server gives it')
    .option('--yes', 'plan although functions of others may run for it')
    .option('--confirm <name>', 'with --analyze: the name that would be typed')
    .action(async (sql: string | undefined, options: ExplainOptions, command: Command) => {
      const { statement, file, timeout, analyze } = options;
      const raw = { sql, statement, file, timeout };
      if (analyze === true) {
        const [{ runOperation }, { explainAnalyze }] = await Promise.all([
          import('./operation/run.ts'),
          import('../ops/explain/analyze.ts'),
        ]);
        context.exitCode = await runOperation(explainAnalyze, raw, command, context);
        return;
      }
      const [{ runExplain }, { resolved }] = await Promise.all([
        import('./explain/run.ts'),
        context.resolve(command),
      ]);
      context.exitCode = await runExplain(sql, options, resolved, context.env);
    });
}
