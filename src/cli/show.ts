import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Context, globalOptions } from './context.ts';
import { seconds } from './seconds.ts';
import type { ShowOptions } from './show/run.ts';

/** The rows of a view for a script or a look. */
export function register(program: Command, context: Context): void {
  const command = program
    .command('show')
    .description('print the rows of a view once, or again and again')
    .argument('<view>')
    .addOption(new Option('--json', 'one object with the rows').conflicts(['ndjson', 'csv']))
    .addOption(new Option('--ndjson', 'one object per row and line').conflicts('csv'))
    .option('--csv', 'comma-separated values with a header line')
    .option('--filter <terms>', 'only rows that meet all terms: user:app age>30s !idle "a b" /regex/i')
    .option('--sort <column>', 'by this column: age, or age:asc')
    .option('--limit <n>', 'at most so many rows', (text) => atLeastOne(text))
    .option('--watch <seconds>', 'again every so many seconds, until stopped', (text) => seconds(text))
    .action(async (view: string, options: ShowOptions, command: Command) => {
      if (view === 'fleet') {
        // of every profile, whichever server is meant otherwise
        const { showFleet } = await import('./show/fleet.ts');
        const { settings } = await context.settings(command);
        const { ascii } = context.display(command, settings);
        const flags = globalOptions(command);
        context.exitCode = await showFleet({ ...options, ascii }, { env: context.env, flags });
        return;
      }
      const { runShow } = await import('./show/run.ts');
      const { resolved, settings } = await context.resolve(command);
      const { ascii } = context.display(command, settings);
      context.exitCode = await runShow(view, { ...options, ascii }, resolved);
    });
  // the views bring the schemas of their queries: their names are known when the command is named
  program.hook('preSubcommand', async (_parent, named) => {
    if (named !== command) return;
    const { SHOWN } = await import('../app/views/registry.ts');
    const { fieldsText, KINDS_TEXT } = await import('../app/views/fields.ts');
    const { GRAMMAR } = await import('../text/filter/filter.ts');
    const rows = [
      ['\nFilters: all terms must hold'],
      ...GRAMMAR,
      [`\nFields of the views: ${KINDS_TEXT}`],
      ...SHOWN.map((view) => [view.id, fieldsText(view)] as const),
    ];
    const line = ([term, text]: readonly string[]) =>
      text === undefined ? term : `  ${term?.padEnd(12)}${text}`;
    command.addHelpText('after', rows.map(line).join('\n'));
    for (const argument of command.registeredArguments)
      argument.description = SHOWN.map(({ id }) => id).join(', ');
  });
}

function atLeastOne(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('A whole number from 1 on is expected.');
  return n;
}
