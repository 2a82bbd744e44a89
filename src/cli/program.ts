import { type Command, CommanderError } from 'commander';
import type { Env } from '../config/libpq/env.ts';
import type { OperationEntry } from '../ops/engine/operation.ts';
import { OPERATIONS } from '../ops/registry.ts';
import { version } from '../version.ts';
import { register as backups } from './backups.ts';
import { register as completion } from './completion.ts';
import { register as console } from './console/console.ts';
import { register as demo } from './console/demo.ts';
import { type Context, createContext, type Register } from './context.ts';
import { register as db } from './db/kept.ts';
import { register as explain } from './explain.ts';
import { register as health } from './health.ts';
import { register as indexes } from './indexes.ts';
import { register as log } from './log.ts';
import { register as migrate } from './migrate.ts';
import { group, registerOperations } from './operation.ts';
import { register as orphans } from './orphans.ts';
import { EXIT, fail, note, print } from './output.ts';
import { register as profile } from './profile.ts';
import { noCommand, pathOf, UsageCommand } from './program/usage.ts';
import { register as report } from './report.ts';
import { register as runs } from './runs.ts';
import { register as schedule } from './schedule.ts';
import { register as schema } from './schema.ts';
import { register as settings } from './settings.ts';
import { register as show } from './show.ts';
import { SIGNALS } from './signal.ts';
import { register as space } from './space.ts';
import { register as watch } from './watch.ts';

/** Every command, in the order of the help. The modules load what they need when their command runs. */
const commands = (operations: readonly OperationEntry[]): readonly Register[] => [
  console,
  demo,
  show,
  registerOperations(operations, SIGNALS),
  explain,
  report,
  health,
  settings,
  watch,
  space,
  log,
  backups,
  db,
  indexes,
  migrate,
  orphans,
  (program, context) => schedule(group(program, 'schedule'), context),
  schema,
  runs,
  profile,
  completion,
];

/** The whole command tree. */
export function buildProgram(context: Context, operations: readonly OperationEntry[] = OPERATIONS): Command {
  const program = new UsageCommand('pgdeck')
    .description('PostgreSQL operations console: watch a server live, back it up, restore it, and undo that.')
    .version(version, '--version', 'print the version')
    // as in psql, -h is the host
    .helpOption('--help', 'print this help')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: (text) => note(text.trimEnd()),
    })
    .exitOverride()
    // commander's own would not load what an operation takes
    .helpCommand(false)
    .option('-h, --host <host>', 'name, address or socket directory of the server')
    .option('-p, --port <port>', 'port')
    .option('-U, --username <user>', 'role to connect as')
    .option('-d, --dbname <database>', 'database, or a connection string')
    .option('--url <url>', 'postgres://user@host:port/database')
    .option('--service <name>', 'service of pg_service.conf')
    .option('--profile <name>', 'profile of the settings file')
    .option('--read-only', 'change nothing on the server (the default for a production profile)')
    .option('--no-read-only', 'the server may be changed, also on a production profile')
    .option('--config <file>', 'settings file')
    .option('--interval <seconds>', 'time between two samples, 0.5 to 60')
    .option('--ascii', 'no characters beyond ASCII in frames and marks')
    .option('--no-color', 'no colours');
  for (const register of commands(operations)) register(program, context);
  for (const parent of [program, ...program.commands.filter(({ commands }) => commands.length > 0)])
    addHelp(parent, program);
  return program;
}

/** `pgdeck help backups verify` is `pgdeck backups verify --help`. */
function addHelp(parent: Command, program: Command): void {
  parent
    .command('help')
    .argument('[command...]')
    .description('print the help of a command')
    .action(async (words: string[]) => {
      let asked = parent;
      for (const word of words) {
        const inner = asked.commands.find((command) => command.name() === word);
        if (!inner) throw noCommand(asked, word);
        asked = inner;
      }
      await program.parseAsync([...pathOf(asked).split(' ').slice(1), '--help'], { from: 'user' });
    });
}

/** Runs one command line (without node and script). Reports what fails; returns the exit code. */
export async function run(
  argv: readonly string[],
  env: Env,
  operations: readonly OperationEntry[] = OPERATIONS,
): Promise<number> {
  const context = createContext(env);
  try {
    await buildProgram(context, operations).parseAsync(argv, { from: 'user' });
    return context.exitCode;
  } catch (error) {
    // commander has printed the help or the version
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    const code = error instanceof CommanderError ? EXIT.refused : fail(error);
    return context.failure ?? code;
  }
}
