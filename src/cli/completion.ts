import { Argument, type Command } from 'commander';
import { SHELLS, type Shell } from './completion/shells.ts';
import type { Context } from './context.ts';

/** What the shells complete the words of pgdeck with. `complete` is what their scripts ask, at every Tab. */
export function register(program: Command, context: Context): void {
  program
    .command('completion')
    .description('print what a shell needs to complete the words of pgdeck')
    .configureHelp({ showGlobalOptions: false })
    .addArgument(new Argument('<shell>', 'the shell that asks for it').choices(Object.keys(SHELLS)))
    .addHelpText('after', () =>
      ['\nPut it where the shell looks for it:', ...Object.values(SHELLS).map(({ put }) => `  ${put}`)].join(
        '\n',
      ),
    )
    .action(async (shell: Shell) => {
      const { print } = await import('./output.ts');
      print(SHELLS[shell].script.trimEnd());
    });
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { complete } = await import('./completion/complete.ts');
      await complete(program, words, context);
    });
}
