import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from './context.ts';

export interface SpaceOptions {
  readonly json?: boolean;
  readonly limit?: number;
  readonly ascii?: boolean;
}

/** What fills the disk. */
export function register(program: Command, context: Context): void {
  program
    .command('space')
    .description('what fills the disk: databases, tables, WAL and what keeps it, temporary files, backups')
    .option('--json', 'one object')
    .option('--limit <n>', 'the largest so many', atLeastOne)
    .action(async (options: SpaceOptions, command: Command) => {
      const [{ runSpace }, { resolved, settings }] = await Promise.all([
        import('./space/run.ts'),
        context.resolve(command),
      ]);
      const { ascii } = context.display(command, settings);
      context.exitCode = await runSpace({ ...options, ascii }, resolved, context.env);
    });
}

function atLeastOne(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('A whole number from 1 on is expected.');
  return n;
}
