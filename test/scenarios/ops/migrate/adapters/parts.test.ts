import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { local } from '../../../../../src/hosts/local.ts';
import { hasWayDown } from '../../../../../src/ops/migrate/adapters/alembic/reversible.ts';
import {
  headsOf,
  isLine,
  parseHistory,
  withAncestors,
} from '../../../../../src/ops/migrate/adapters/alembic/revisions.ts';
import { toolCallOf } from '../../../../../src/ops/migrate/adapters/npm/calls.ts';
import { commandsOf } from '../../../../../src/ops/migrate/adapters/npm/commands.ts';
import { readOutput } from '../../../../../src/ops/migrate/adapters/npm/output.ts';
import { findProject } from '../../../../../src/ops/migrate/adapters/npm/scripts.ts';
import { elsewhere } from '../../../../../src/ops/migrate/adapters/shared/elsewhere.ts';
import {
  databaseUrl,
  withToolEnvironment,
} from '../../../../../src/ops/migrate/adapters/shared/environment.ts';
import { pythonWords } from '../../../../../src/ops/migrate/adapters/shared/failure.ts';
import { stages } from '../../../../ops/migrate/adapters/stage.ts';

const stage = stages('npm');
const block = (rev: string, parent: string) =>
  `Rev: ${rev}\n${parent}\nPath: /nowhere/${rev}.py\n\n    ${rev} does it\n    \n    Revision ID: ${rev}\n\n`;

test('the history of Alembic with branches and a merge', async () => {
  const revisions = await parseHistory(
    local,
    block('m001 (head) (mergepoint)', 'Merges: b002, a003') +
      block('b002', 'Parent: a002') +
      block('a003', 'Parent: a002') +
      block('a002 (branchpoint)', 'Parent: a001') +
      block('a001', 'Parent: <base>'),
  );
  expect(revisions.map(({ version }) => version)).toEqual(['a001', 'a002', 'a003', 'b002', 'm001']);
  expect(revisions[4]).toMatchObject({ parents: ['b002', 'a003'] });
  expect(headsOf(revisions)).toEqual(['m001']);
  expect(isLine(revisions)).toBe(false);
  expect(isLine(revisions.slice(0, 3))).toBe(true);
  expect([...withAncestors(revisions, ['b002'])]).toEqual(['a001', 'a002', 'b002']);
});

test.each([
  ['def upgrade():\n    op.x()\ndef downgrade():\n    pass\n', false],
  [
    'def upgrade() -> None:\n    """Up."""\n    pass\n\ndef downgrade() -> None:\n    """Down."""\n    pass\n',
    true,
  ],
  ['def upgrade():\n    op.x()\ndef downgrade():\n    # none\n    raise NotImplementedError()\n', false],
  ['def upgrade():\n    op.x()\ndef downgrade():\n    op.y()\n', true],
  ['def upgrade():\n    op.x()\n', false],
])('a way down: %j', (source, expected) => {
  expect(hasWayDown(source)).toBe(expected);
});

describe('what a status script prints', () => {
  test.each([
    ['[X] 1_a.sql\n[ ] 2_b.sql\n\nApplied: 1\nPending: 1', [true, false]],
    ['up 20260101-a.js\ndown 20260102-b.js', [true, false]],
    ['[{"name":"a","status":"applied"},{"name":"b","status":"pending"}]', [true, false]],
    [
      '{"migrations":[{"name":"a","executedAt":"2026-01-01T00:00:00Z"},{"name":"b","executedAt":null}]}',
      [true, false],
    ],
    ['everything is up to date', undefined],
    ['{"ok":true}', undefined],
    ['[X] 1_a\nup 1_a', undefined],
  ])('%j', (text, expected) => {
    expect(readOutput(text, 'auto')?.map(({ applied }) => applied)).toEqual(expected);
  });

  test("Knex's two lists, when they are as long as they say", () => {
    const some =
      'Found 1 Completed Migration file/files.\n1_a.js \nFound 2 Pending Migration file/files.\n2_b.js \n3_c.js \n';
    expect(readOutput(some, 'auto')).toEqual([
      { name: '1_a.js', applied: true },
      { name: '2_b.js', applied: false },
      { name: '3_c.js', applied: false },
    ]);
    const all =
      'Found 1 Completed Migration file/files.\n1_a.js 28/11/2026, 14:03\nNo Pending Migration files Found.\n';
    expect(readOutput(all, 'auto')).toEqual([{ name: '1_a.js', applied: true }]);
    expect(readOutput(some.replace('3_c.js', ''), 'auto')).toBeUndefined();
    expect(readOutput(some.slice(0, some.indexOf('Found 2')), 'auto')).toBeUndefined();
  });

  test('by a pattern of the team', () => {
    expect(readOutput('done: a\nopen: b', '^(?<state>done|open): (?<name>.*)$')).toEqual([
      { name: 'a', applied: true },
    ]);
    expect(readOutput('[X] a', 'db')).toBeUndefined();
  });
});

describe('what the text of a script runs', () => {
  const ALL = { kind: 'all' };
  const BATCH = { kind: 'batch' };
  test.each<[string, unknown]>([
    ['knex migrate:rollback', BATCH],
    ['knex migrate:rollback --all --env production', ALL],
    ['dotenv -e .env -- knex migrate:rollback --all', ALL],
    ['cross-env NODE_ENV=production npx --no-install knex@3 migrate:rollback --all', ALL],
    ['A=1 env B=2 node --import tsx ./node_modules/.bin/knex migrate:rollback', BATCH],
    ['node node_modules/knex/bin/cli.js --knexfile a.js migrate:rollback', BATCH],
    ['npm run build && npm run undo -- --all', ALL],
    ['pnpm exec knex migrate:down 20260101_a.js', { kind: 'only', name: '20260101_a.js' }],
    ['yarn undo --all', ALL],
    ['sh -c "cd db; npx knex migrate:rollback --all"', ALL],
    ['run-s build "undo --all"', ALL],
    ['sequelize db:migrate:undo', { kind: 'last', n: 1 }],
    ['sequelize-cli db:migrate:undo:all', ALL],
    ['sequelize-cli db:migrate:undo:all --to=x.js', { kind: 'from', name: 'x.js' }],
    ['node-pg-migrate -m db down 3', { kind: 'last', n: 3 }],
    ['migrate -path db -database $DATABASE_URL down', ALL],
    ['dbmate rollback', { kind: 'last', n: 1 }],
    ['db-migrate reset', ALL],
    ['typeorm-ts-node-esm migration:revert -d src/data.ts', { kind: 'last', n: 1 }],
    ['node scripts/rollback.js --all', undefined],
    ["echo 'knex migrate:rollback --all'", undefined],
    ['npm run round', undefined],
  ])('%s', (text, expected) => {
    const scripts = { x: text, undo: 'knex migrate:rollback', build: 'tsc -p .', round: 'npm run round' };
    const calls = commandsOf({ scripts }, 'x').flatMap((words) => toolCallOf(words)?.down ?? []);
    expect(calls).toEqual(expected === undefined ? [] : [expected]);
  });

  test.each<[Record<string, string>, Record<string, string | undefined>]>([
    [
      { 'db:migrate:all': 'node m.js', 'db:migrate:status': 'node s.js', 'db:migrate:rollback': 'node r.js' },
      { up: 'db:migrate:all', status: 'db:migrate:status', down: 'db:migrate:rollback' },
    ],
    [
      {
        'db:migrate': 'sequelize db:migrate',
        'db:migrate:undo': 'sequelize db:migrate:undo',
        'db:migrate:undo:all': 'sequelize db:migrate:undo:all',
      },
      { up: 'db:migrate', down: 'db:migrate:undo' },
    ],
    // by what they run, where the names say nothing
    [
      {
        'k:go': 'knex migrate:latest',
        'k:back': 'knex migrate:down',
        'k:make': 'knex migrate:make',
        start: 'knex migrate:latest && node .',
      },
      { up: 'k:go', down: 'k:back', create: 'k:make' },
    ],
    [{ migrate: 'pgdeck migrate up', 'db:migrate': 'prisma migrate reset' }, { up: undefined }],
  ])('which scripts migrate: %j', async (scripts, expected) => {
    const project = await stage({ 'package.json': JSON.stringify({ scripts }) });
    const { parser: _, ...found } = (await findProject(local, project.root))?.scripts ?? {
      parser: '',
      up: undefined,
    };
    expect(found).toEqual(expected);
  });
});

const TARGET = {
  host: '127.0.0.1',
  port: 5433,
  user: 'ann@x',
  database: 'shop & co',
  sslmode: 'prefer',
  password: async () => undefined,
  connectTimeout: 5,
  readOnly: false,
} as const;

test('the URL of a database, and whether another one is the same', async () => {
  expect(databaseUrl(TARGET, { scheme: 'postgresql' })).toBe(
    'postgresql://ann%40x@127.0.0.1:5433/shop%20%26%20co',
  );
  expect(databaseUrl({ ...TARGET, host: '/run/pg' }, { scheme: 'postgres', sslmode: 'disable' })).toBe(
    'postgres://ann%40x@/shop%20%26%20co?host=%2Frun%2Fpg&port=5433&sslmode=disable',
  );
  for (const same of [
    'postgresql+psycopg2://ann:***@localhost:5433/shop%20%26%20co',
    'postgresql:///shop%20%26%20co',
    'postgresql://',
    'postgresql:///?host=/run/pg',
  ])
    expect(await elsewhere(same, TARGET)).toBeUndefined();
  for (const other of [
    'postgresql://localhost:5432/shop',
    'postgresql:///shop',
    'sqlite:///shop.db',
    'postgresql://192.0.2.1:5433/shop%20%26%20co',
  ])
    expect(await elsewhere(other, TARGET)).toMatch(/^the tool works on /);
});

test('the password is in a file of this user, and in a variable only for a script of the team', async () => {
  const project = await stage({ 'package.json': '{}' });
  const where = await project.where();
  const { context } = project;
  context.secrets.addServer('p:w%rd');
  const seen = (driver: 'libpq' | 'go' | 'script') =>
    withToolEnvironment(
      {
        context,
        host: where.host,
        session: where.session,
        driver,
        applicationName: 'pgdeck:x',
        lockTimeout: 3000,
        readOnly: true,
      },
      async (env): Promise<Record<string, string | undefined>> => ({
        ...env,
        passfile: readFileSync(env.PGPASSFILE ?? '', 'utf8'),
      }),
    );
  for (const driver of ['libpq', 'go'] as const) {
    const { passfile, ...env } = await seen(driver);
    expect(passfile).toBe('*:*:*:*:p\\:w%rd\n');
    expect(JSON.stringify(env)).not.toMatch(/p(:|%3A)w/);
    const check = where.session.server.major < 14 ? '' : ' -c client_connection_check_interval=2s';
    expect(env.PGOPTIONS).toBe(
      `-c lock_timeout=3000 -c application_name=pgdeck:x${check} -c default_transaction_read_only=on`,
    );
  }
  const { DATABASE_URL } = await seen('script');
  expect(DATABASE_URL).toContain(':p%3Aw%25rd@');
  expect(context.secrets.redact(`cannot connect to ${DATABASE_URL}`)).not.toContain('p%3Aw');
});

test('the reason of a Python program that failed', () => {
  const said = (stderr: string, stdout = '') => pythonWords({ exitCode: 1, stdout, stderr });
  expect(said('', 'FAILED: Multiple head revisions are present')).toBe('Multiple head revisions are present');
  expect(said("ERROR [flask_migrate] Error: Can't locate revision identified by 'x'")).toBe(
    "Can't locate revision identified by 'x'",
  );
  expect(
    said(
      'Traceback (most recent call last):\n  File "x"\npsycopg2.errors.Y: z\n\nTraceback (most recent call last):\n  File "x"\n' +
        'sqlalchemy.exc.IntegrityError: (psycopg2.errors.UniqueViolation) duplicate key\nDETAIL:  Key (a)=(1) is there.\n\n[SQL: CREATE UNIQUE INDEX\n i]\n(Background',
    ),
  ).toBe('UniqueViolation: duplicate key\nDETAIL:  Key (a)=(1) is there.\nin: CREATE UNIQUE INDEX i');
  expect(said('usage: alembic [-h]')).toBeUndefined();
});
