import type { Applied } from '../shared/history.ts';
import { type Down, type Rest, TOOLS } from './tools.ts';

/** A command that is one of a migration tool. */
export interface ToolCall {
  /** As its history is signed. */
  readonly tool: string;
  readonly does: 'up' | 'down' | 'status' | 'create' | 'other';
  readonly down?: Down;
  /** As it stands in the script: `knex migrate:rollback`. */
  readonly text: string;
}

/** Options of these tools that take a value in the next word. */
const VALUED = new Set([
  ...['--knexfile', '--knexpath', '--cwd', '--client', '--connection', '--env', '--stub', '-x'],
  ...['--migrations-directory', '--migrations-table-name', '--specific'],
  ...['--config', '--options-path', '--migrations-path', '--seeders-path', '--models-path', '--url'],
  ...[
    '--name',
    '--to',
    '--from',
    '--schema',
    '--dataSource',
    '-d',
    '-m',
    '-t',
    '-s',
    '-f',
    '-c',
    '-j',
    '-e',
    '-u',
  ],
  ...['--migrations-dir', '--migrations-table', '--migrations-schema', '--config-file', '--database-url-var'],
  ...['--envPath', '--lock-value', '--ignore-pattern', '--count', '--path', '--database', '--source'],
  ...['-path', '-database', '-source'],
]);

/** The migration tool that these words call, and what that does; undefined when it is none that is known. */
export function toolCallOf([program = '', ...words]: readonly string[]): ToolCall | undefined {
  const tool = TOOLS.find(({ programs }) => programs.includes(program));
  if (tool === undefined) return undefined;
  const plain: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (VALUED.has(word)) at++;
    else if (!word.startsWith('-')) plain.push(word);
  }
  // prisma migrate deploy, kysely migrate latest
  const two = tool.subcommands !== undefined && plain[0] === 'migrate';
  const verb = two ? `${plain[0]}${tool.subcommands}${plain[1] ?? ''}` : (plain[0] ?? '');
  const rest: Rest = {
    args: plain.slice(two ? 2 : 1),
    has: (name) => words.some((word) => word === name || word.startsWith(`${name}=`)),
    option: (...names) =>
      words
        .map((word, at) => {
          const [name = '', value] = word.split(/=(.*)/s);
          return names.includes(name) ? (value ?? words[at + 1]) : undefined;
        })
        .find((value) => value !== undefined),
  };
  const down = tool.down(verb, rest);
  const does =
    down !== undefined ? 'down' : (['up', 'status', 'create'] as const).find((one) => tool[one].test(verb));
  return {
    tool: tool.tool,
    does: does ?? 'other',
    ...(down !== undefined && { down }),
    text: [program, ...words].join(' '),
  };
}

/** What a call takes back of these, which are in the order of application; the newest first. */
export function takenBack(tool: string, down: Down, applied: readonly Applied[]): Applied[] {
  const newest = applied.toReversed();
  switch (down.kind) {
    case 'all':
      return newest;
    case 'batch': {
      const batch = Math.max(...applied.map((row) => row.batch ?? 0));
      return newest.filter((row) => (row.batch ?? 0) === batch);
    }
    case 'last':
      // knex takes the last one by its file's name
      return (tool === 'knex' ? newest.toSorted((a, b) => (a.version < b.version ? 1 : -1)) : newest).slice(
        0,
        down.n,
      );
    case 'only':
      return [
        newest.find(({ version }) => version === down.name) ??
          newest.find(({ version }) => version.startsWith(down.name)) ??
          [],
      ].flat();
    case 'from': {
      const oldest = newest.findIndex(({ version }) => version.startsWith(down.name));
      return newest.slice(0, oldest + 1);
    }
  }
}
