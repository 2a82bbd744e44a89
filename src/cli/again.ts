import type { Command } from 'commander';
import { shellWord } from '../text/shell.ts';

/** Says the commands of pgdeck in a text as they have to be given here. */
export type Again = (text: string) => string;

/** Options that say which server is meant. */
const SERVER = ['host', 'port', 'username', 'dbname', 'url', 'service', 'profile', 'config'];
/** Commands that ask no server. */
const LOCAL = /^(?:runs|profile)\b/;

/**
 * Commands that a text tells as the next step get what was given to this one and they would lack: which server
 * (`connection`: the words that reach it, without a password), and whose migrations, and where.
 */
export function again(command: Command, connection: readonly string[]): Again {
  let root = command;
  while (root.parent) root = root.parent;
  const server = SERVER.some((option) => command.getOptionValueSourceWithGlobals(option) === 'cli')
    ? connection.map((word) => ` ${shellWord(word)}`).join('')
    : '';
  const { tool, dir } = command.opts<{ tool?: unknown; dir?: unknown }>();
  const migrations = Object.entries(command.parent?.name() === 'migrate' ? { tool, dir } : {})
    .flatMap(([name, value]) => (typeof value === 'string' ? ` --${name} ${shellWord(value)}` : []))
    .join('');
  if (server === '' && migrations === '') return (text) => text;
  // some have others below them and do something themselves
  const paths = root.commands.flatMap((one) => [
    ...one.commands.map((sub) => `${one.name()} ${sub.name()}`),
    one.name(),
  ]);
  const known = new RegExp(`\\bpgdeck (${paths.join('|')})(?![\\w-])`, 'g');
  return (text) =>
    text.replace(
      known,
      (_all, path: string) =>
        `pgdeck${LOCAL.test(path) ? '' : server} ${path}${path.startsWith('migrate ') ? migrations : ''}`,
    );
}
