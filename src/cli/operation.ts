import type { Command } from 'commander';
import type { AnyOperation, OperationEntry } from '../ops/engine/operation.ts';
import type { Context, Register } from './context.ts';
import type { CarryOut } from './operation/run.ts';

/** What the commands that share a first word are about. */
const GROUPS: Readonly<Record<string, string>> = {
  backups: 'the backups in the repository',
  health: 'what is wrong with the server, why it matters and what fixes it',
  db: 'databases: made, dropped, made anew, and those that pgdeck has kept',
  role: 'roles: made, their passwords, what they may see and do',
  explain: 'the plan of a statement, which is not run for it',
  indexes: 'what indexes there should be, and making and dropping them',
  migrate: 'schema migrations: SQL files, or the tool of your own',
  compose: 'the project of docker compose that the server is of',
  server: 'the server itself',
  settings: 'what the server is set to, where that is from, and what would be better',
  statements: 'what pg_stat_statements has counted, and which statements are logged',
  schedule: 'what runs by itself, from crontab',
};

/** An operation has flags enough of its own. */
const CONNECTION = '\nWhich server: -h, -p, -U, -d, --url, --service, --profile; see pgdeck --help.';

/** The command that others stand below; made where it is not there yet. */
export function group(program: Command, word: string): Command {
  const there = program.commands.find((command) => command.name() === word);
  // what stands behind the second word is of that command, also where both have such an option
  if (there) return there.enablePositionalOptions();
  return program
    .command(word)
    .description(GROUPS[word] ?? word)
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', CONNECTION);
}

/** How operations are carried out whose output is a contract of their own, by their ids. */
export type Own = Readonly<Record<string, () => Promise<CarryOut>>>;

/** Every operation as a command. What it takes is known when it is named: its declaration brings the schemas. */
export function registerOperations(entries: readonly OperationEntry[], own: Own = {}): Register {
  return (program, context) => {
    const lazy = new Map<Command, OperationEntry>();
    const parents = new Set<Command>();
    for (const entry of entries) {
      const words = entry.id.split(' ');
      const [first = ''] = words;
      const parent = words.length > 1 ? group(program, first) : program;
      parents.add(program).add(parent);
      lazy.set(parent.command(words.at(-1) ?? first).description(entry.summary), entry);
    }
    for (const parent of parents)
      parent.hook('preSubcommand', async (_parent, command) => {
        const entry = lazy.get(command);
        if (entry) await complete(command, await entry.load(), context, own[entry.id]);
      });
  };
}

/** Gives a command what its operation takes, and what every operation does. */
export async function complete(
  command: Command,
  operation: AnyOperation,
  context: Context,
  own?: Own[string],
): Promise<void> {
  const { addExecute, addFields, rawInput } = await import('./operation/flags.ts');
  addFields(command, operation);
  if (operation.dry === true) addExecute(command);
  command
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', CONNECTION)
    .option('--plan', 'print what would be done, and do nothing')
    .option('--json', 'NDJSON: what happens as it happens; with --plan one object')
    .option('--yes', 'do it without asking')
    .option('--confirm <name>', 'do it where data can be lost: the name that would be typed')
    .action(async () => {
      const { runOperation } = await import('./operation/run.ts');
      const raw = rawInput(operation, command);
      context.exitCode = await runOperation(operation, raw, command, context, await own?.());
    });
}
