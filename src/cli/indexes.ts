import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { Context } from './context.ts';
import { group } from './operation.ts';

const DEFAULT_LIMIT = 50;

/** What indexes there should be, beside the operations that make and drop them. */
export function register(program: Command, context: Context): void {
  group(program, 'indexes')
    .command('advise')
    .description('which indexes are unused, duplicate, invalid or missing, and what fixes it')
    .option('--table <table>', 'only this table; may be repeated', (name, all: string[] = []) => [
      ...all,
      name,
    ])
    .option('--limit <n>', 'pieces of advice at most', positive, DEFAULT_LIMIT)
    .option('--json', 'one object')
    .action(async (options: { table?: string[]; limit: number; json?: boolean }, command: Command) => {
      const [{ runAdvise }, { resolved }] = await Promise.all([
        import('./indexes/run.ts'),
        context.resolve(command),
      ]);
      await runAdvise(options, resolved);
    });
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1.');
  return Number(text);
}
