import type { Applied } from '../shared/history.ts';

/** What a call of a tool takes back. */
export type Down =
  /** The newest ones. */
  | { readonly kind: 'last'; readonly n: number }
  /** Those that were applied together last. */
  | { readonly kind: 'batch' }
  /** This one, and what came after it. */
  | { readonly kind: 'from'; readonly name: string }
  /** This one alone, also where others came after it. */
  | { readonly kind: 'only'; readonly name: string }
  | { readonly kind: 'all' };

/** A command that is one of a migration tool. */
export interface ToolCall {
  /** As its history is signed. */
  readonly tool: string;
  readonly does: 'up' | 'down' | 'status' | 'create' | 'other';
  readonly down?: Down;
  /** As it stands in the script: `knex migrate:rollback`. */
  readonly text: string;
}

interface Tool {
  readonly tool: string;
  readonly programs: readonly string[];
  readonly up: RegExp;
  readonly status: RegExp;
  readonly create: RegExp;
  /** What a verb takes back; undefined where it takes nothing back. */
  down(verb: string, rest: Rest): Down | undefined;
}

/** What stands behind the verb. */
interface Rest {
  readonly args: readonly string[];
  option(...names: readonly string[]): string | undefined;
  has(name: string): boolean;
}

const none = /(?!)/;
const last = (n: string | undefined): Down => ({
  kind: 'last',
  n: n !== undefined && /^\d+$/.test(n) ? +n : 1,
});
const named = (name: string | undefined): Down =>
  name === undefined ? { kind: 'last', n: 1 } : { kind: 'only', name };

const TOOLS: readonly Tool[] = [
  {
    tool: 'knex',
    programs: ['knex'],
    up: /^migrate:(latest|up|to|before)$/,
    status: /^migrate:(list|status|currentVersion)$/,
    create: /^migrate:make$/,
    down: (verb, { args, has }) => {
      if (verb === 'migrate:rollback') return has('--all') ? { kind: 'all' } : { kind: 'batch' };
      return verb === 'migrate:down' ? named(args[0]) : undefined;
    },
  },
  {
    tool: 'sequelize',
    programs: ['sequelize', 'sequelize-cli'],
    up: /^db:migrate$/,
    status: /^db:migrate:status$/,
    create: /^migration:(generate|create)$/,
    down: (verb, { option }) => {
      if (verb === 'db:migrate:undo') return named(option('--name'));
      if (verb === 'db:drop') return { kind: 'all' };
      if (verb !== 'db:migrate:undo:all') return undefined;
      const to = option('--to');
      // Sequelize's --to is taken back, too; 0 is no name
      return to === undefined || to === '0' ? { kind: 'all' } : { kind: 'from', name: to };
    },
  },
  {
    tool: 'node-pg-migrate',
    programs: ['node-pg-migrate'],
    up: /^up$/,
    status: none,
    create: /^create$/,
    down: (verb, { args, has }) => {
      if (verb !== 'down') return undefined;
      const [what] = args;
      if (what !== undefined && has('--timestamp')) return { kind: 'from', name: what };
      return what === undefined || /^\d+$/.test(what) ? last(what) : { kind: 'only', name: what };
    },
  },
  {
    tool: 'typeorm',
    programs: ['typeorm', 'typeorm-ts-node-commonjs', 'typeorm-ts-node-esm'],
    up: /^migration:run$/,
    status: /^migration:show$/,
    create: /^migration:(create|generate)$/,
    down: (verb) => {
      if (verb === 'schema:drop') return { kind: 'all' };
      return verb === 'migration:revert' ? { kind: 'last', n: 1 } : undefined;
    },
  },
  {
    tool: 'kysely',
    programs: ['kysely', 'kysely-ctl'],
    up: /^migrate:(latest|up)$/,
    status: /^migrate:list$/,
    create: /^migrate:make$/,
    down: (verb, { args, has }) => {
      if (verb === 'migrate:rollback') return has('--all') ? { kind: 'all' } : undefined;
      return verb === 'migrate:down' ? named(args[0]) : undefined;
    },
  },
  {
    tool: 'dbmate',
    programs: ['dbmate'],
    up: /^(up|migrate)$/,
    status: /^status$/,
    create: /^new$/,
    down: (verb) => {
      if (verb === 'drop') return { kind: 'all' };
      return verb === 'down' || verb === 'rollback' ? { kind: 'last', n: 1 } : undefined;
    },
  },
  {
    tool: 'db-migrate',
    programs: ['db-migrate'],
    up: /^up$/,
    status: /^check$/,
    create: /^create$/,
    down: (verb, { option }) => {
      if (verb === 'reset') return { kind: 'all' };
      return verb === 'down' ? last(option('-c', '--count')) : undefined;
    },
  },
  {
    tool: 'golang-migrate',
    programs: ['migrate'],
    up: /^(up|goto)$/,
    status: /^version$/,
    create: /^create$/,
    down: (verb, { args }) => {
      if (verb === 'drop') return { kind: 'all' };
      if (verb !== 'down') return undefined;
      // without a number it is everything
      return /^\d+$/.test(args[0] ?? '') ? last(args[0]) : { kind: 'all' };
    },
  },
  {
    tool: 'prisma',
    programs: ['prisma'],
    up: /^migrate deploy$/,
    status: /^migrate status$/,
    create: none,
    down: (verb) => (verb === 'migrate reset' ? { kind: 'all' } : undefined),
  },
  {
    tool: 'drizzle',
    programs: ['drizzle-kit'],
    up: /^migrate$/,
    status: none,
    create: none,
    down: (verb) => (verb === 'drop' ? { kind: 'all' } : undefined),
  },
  {
    tool: 'pgdeck',
    programs: ['pgdeck'],
    up: /^migrate up$/,
    status: /^migrate status$/,
    create: /^migrate create$/,
    down: (verb) => (verb === 'migrate down' ? { kind: 'last', n: 1 } : undefined),
  },
];

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
  const two = ['prisma', 'pgdeck', 'kysely'].includes(tool.tool) && plain[0] === 'migrate';
  const verb = two ? `${plain[0]}${tool.tool === 'kysely' ? ':' : ' '}${plain[1] ?? ''}` : (plain[0] ?? '');
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

/** Tools whose migrations are SQL files that pgdeck reads itself. */
export const READS_SQL: ReadonlySet<string> = new Set([
  'dbmate',
  'node-pg-migrate',
  'golang-migrate',
  'pgdeck',
]);

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
