import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from './context.ts';
import { group } from './operation.ts';
import type { SettingsOptions } from './settings/run.ts';

/** What the server is set to, and advice. Changing one is an operation. */
export function register(program: Command, context: Context): void {
  group(program, 'settings')
    .option('--all', 'those too that are as they come')
    .option('--name <pattern>', 'only settings with this in their name; * stands for anything')
    .option(
      '--advise',
      'what would be better, by the memory, the processors and the connections of the server',
    )
    .option('--memory <size>', 'memory of its machine, such as 16GB, where that is another one', size)
    .option('--cores <n>', 'processors of its machine', cores)
    .addOption(new Option('--storage <kind>', 'what its data is on').choices(['ssd', 'hdd']))
    .option('--json', 'one object')
    .action(async (options: SettingsOptions, command: Command) => {
      const [{ runSettings }, { resolved }] = await Promise.all([
        import('./settings/run.ts'),
        context.resolve(command),
      ]);
      context.exitCode = await runSettings(options, resolved, context.env);
    });
}

const UNITS: Readonly<Record<string, number>> = { MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

function size(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([MGT]B)$/i.exec(text.trim()) ?? [];
  const bytes = Number(number) * (UNITS[unit.toUpperCase()] ?? Number.NaN);
  if (!(bytes > 0)) throw new InvalidArgumentError('A size is expected, such as 16GB.');
  return bytes;
}

function cores(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('A whole number from 1 on is expected.');
  return n;
}
