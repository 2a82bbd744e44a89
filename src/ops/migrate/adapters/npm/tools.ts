import { ledger as dbmate } from '../../formats/dbmate/ledger.ts';
import { ledger as drizzle } from '../../formats/drizzle/ledger.ts';
import { ledger as golangMigrate } from '../../formats/golang-migrate/ledger.ts';
import { ledger as nodePgMigrate } from '../../formats/node-pg-migrate/ledger.ts';
import { ledger as prisma } from '../../formats/prisma/ledger.ts';
import type { HistoryTool } from '../../formats/shared/ledger.ts';
import { readOnly } from '../shared/history.ts';

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

/** A migration tool that scripts call: all that is said of it. */
export interface Tool {
  readonly tool: string;
  readonly programs: readonly string[];
  /** The package that a project with it depends on, where it is not of the tool's name. */
  readonly package?: string;
  /** Absent where it is not known. */
  readonly history?: HistoryTool;
  /** Its history holds the names of files with their ending. */
  readonly namesFiles?: true;
  /** Its migrations are SQL files that pgdeck reads itself. */
  readonly readsSql?: true;
  /** How it makes a file, and the options of its other calls that this one needs; absent where it does not. */
  readonly make?: { args(name: string): readonly string[]; readonly options: readonly string[] };
  /** A verb is two words, `migrate deploy`; here with this between them. */
  readonly subcommands?: ' ' | ':';
  readonly up: RegExp;
  readonly status: RegExp;
  readonly create: RegExp;
  /** What a verb takes back; undefined where it takes nothing back. */
  down(verb: string, rest: Rest): Down | undefined;
}

/** What stands behind the verb. */
export interface Rest {
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

/** Without its journal, what tells a migration of Drizzle is the hash of its text. */
const byHash = (history: HistoryTool): HistoryTool => ({
  ...history,
  read: async (...given) => {
    const { applied, dirty } = await history.read(...given);
    return { applied: applied.map((row) => ({ ...row, key: row.sum ?? row.key })), dirty };
  },
});

/** Of several histories that nothing decides between the first is read. */
export const TOOLS: readonly Tool[] = [
  {
    tool: 'dbmate',
    readsSql: true,
    history: dbmate,
    make: { args: (name) => ['new', name], options: ['-d', '--migrations-dir'] },
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
    tool: 'golang-migrate',
    readsSql: true,
    history: golangMigrate,
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
    tool: 'node-pg-migrate',
    readsSql: true,
    history: nodePgMigrate,
    make: {
      args: (name) => ['create', name],
      options: ['-m', '--migrations-dir', '-j', '--migration-file-language', '--migration-filename-format'],
    },
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
    tool: 'knex',
    namesFiles: true,
    history: readOnly({
      tableName: 'knex_migrations',
      columns: ['id', 'name', 'batch'],
      version: 'name',
      at: 'migration_time::timestamptz',
      order: 'id',
      batch: 'batch',
    }),
    make: {
      args: (name) => ['migrate:make', name],
      options: ['--knexfile', '--cwd', '--client', '--env', '--migrations-directory', '--esm'],
    },
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
    namesFiles: true,
    history: readOnly({ tableName: 'SequelizeMeta', columns: ['name'], version: 'name', order: 'name' }),
    make: {
      args: (name) => ['migration:generate', '--name', name],
      options: ['--config', '--options-path', '--migrations-path', '--env', '--url'],
    },
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
    tool: 'prisma',
    history: prisma,
    subcommands: ' ',
    programs: ['prisma'],
    up: /^migrate deploy$/,
    status: /^migrate status$/,
    create: none,
    down: (verb) => (verb === 'migrate reset' ? { kind: 'all' } : undefined),
  },
  {
    tool: 'drizzle',
    package: 'drizzle-orm',
    history: byHash(drizzle),
    programs: ['drizzle-kit'],
    up: /^migrate$/,
    status: none,
    create: none,
    down: (verb) => (verb === 'drop' ? { kind: 'all' } : undefined),
  },
  {
    tool: 'kysely',
    history: readOnly({
      tableName: 'kysely_migration',
      columns: ['name', 'timestamp'],
      version: 'name',
      at: '"timestamp"::timestamptz',
      order: 'name',
    }),
    make: { args: (name) => ['migrate:make', name], options: ['--config', '--cwd'] },
    subcommands: ':',
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
    tool: 'typeorm',
    // its timestamp is that of the migration's name
    history: readOnly({
      tableName: 'migrations',
      columns: ['id', 'timestamp', 'name'],
      version: 'name',
      order: 'id',
    }),
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
    tool: 'pgdeck',
    readsSql: true,
    subcommands: ' ',
    programs: ['pgdeck'],
    up: /^migrate up$/,
    status: /^migrate status$/,
    create: /^migrate create$/,
    down: (verb) => (verb === 'migrate down' ? { kind: 'last', n: 1 } : undefined),
  },
];

export const toolNamed = (name: string | undefined): Tool | undefined =>
  TOOLS.find(({ tool }) => tool === name);
