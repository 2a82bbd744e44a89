import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../../../../src/db/client.ts';
import type { OpContext } from '../../../../../src/ops/engine/operation.ts';
import { choose } from '../../../../../src/ops/migrate/choose.ts';
import { migrateCreate } from '../../../../../src/ops/migrate/files/operation.ts';
import { carryOut } from '../../../../ops/engine/run/stage.ts';
import { NODE_MODULES } from '../../../../ops/migrate/adapters/stage.ts';
import { contextIn } from '../../../../ops/migrate/run/stage.ts';
import { type TestDatabase, testDatabase } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const STRAY = '-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n';

function project(files: Readonly<Record<string, string>>): { root: string; context: OpContext } {
  const home = temporaryDirectory();
  const root = join(home, 'project');
  mkdirSync(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
  return { root, context: contextIn(database, home) };
}

const planned = (context: OpContext, input: Record<string, unknown>) =>
  migrateCreate.plan(migrateCreate.input.parse(input), context);

async function create(context: OpContext, input: Record<string, unknown>) {
  const plan = await planned(context, input);
  const { end, events } = await carryOut(plan, context);
  expect(end, end.text).toMatchObject({ ok: true });
  const path = events
    .flatMap((one) =>
      one.type === 'line' && one.from === 'stdout' && existsSync(one.text) ? [one.text] : [],
    )
    .at(-1);
  return { plan, end, path: path ?? '', text: path === undefined ? '' : readFileSync(path, 'utf8') };
}

const MODELS = `from sqlalchemy import Column, Integer, MetaData, Table
metadata = MetaData()
Table('users', metadata, Column('id', Integer, primary_key=True))
`;
const ENV = `
import os, sys
sys.path.insert(0, os.getcwd())
from alembic import context
from sqlalchemy import create_engine, pool
from models import metadata
engine = create_engine(os.environ['DATABASE_URL'], poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
`;
const MAKO = `"""\${message}

Revision ID: \${up_revision}
"""
from alembic import op
import sqlalchemy as sa
revision = \${repr(up_revision)}
down_revision = \${repr(down_revision)}
def upgrade():
    \${upgrades if upgrades else "pass"}
def downgrade():
    \${downgrades if downgrades else "pass"}
`;
const ALEMBIC = {
  'alembic.ini': '[alembic]\nscript_location = migrations\n',
  'migrations/env.py': ENV,
  'migrations/script.py.mako': MAKO,
  'migrations/versions/README': '',
  'models.py': MODELS,
};
const noAlembic = !existsSync('/usr/bin/alembic');

describe.skipIf(noAlembic)('Alembic', () => {
  test('its own revision, never a SQL file; one that strayed there changes nothing', {
    timeout: 60_000,
  }, async () => {
    const { root, context } = project(ALEMBIC);
    const made = await create(context, { name: 'add users -- "now"', dir: root });
    expect(made.path).toMatch(/\/migrations\/versions\/\w+_add_users_now\.py$/);
    expect(made.text).toContain('"""add users -- "now"');
    expect(made.end.undo).toBe(`rm ${made.path}`);
    expect(readdirSync(root)).not.toContain('db');
    mkdirSync(join(root, 'db/migrations'), { recursive: true });
    writeFileSync(join(root, 'db/migrations/20260101000000_stray.sql'), STRAY);
    expect(await choose(context, { dir: root })).toMatchObject({
      adapter: { id: 'alembic' },
      others: ['sql', 'dbmate'],
    });
    await expect(planned(context, { name: 'x', dir: root })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^There are Alembic \(alembic\.ini in .*\) and SQL files \(1 file of dbmate in /,
      ),
      next: 'Say it with --tool alembic or --tool sql.',
    });
    const sql = await create(context, { name: 'x', dir: root, tool: 'sql' });
    expect(sql.path).toMatch(/db\/migrations\/\d+_x\.sql$/);
    await expect(planned(context, { name: 'x', dir: join(root, 'other') })).rejects.toThrow(
      'above it is a project of Alembic',
    );
  });

  test('from the models: shown before it is kept, and what is kept is what was shown', {
    timeout: 60_000,
  }, async () => {
    const { root, context } = project(ALEMBIC);
    // its table is missing: it would be made by looking
    const before = await planned(context, { name: 'users', autogenerate: true, dir: root });
    expect(before).toMatchObject({ danger: 'confirm', writes: true, checks: [{ status: 'warn' }] });
    expect(before.steps[0]?.preview).toBe('alembic revision --autogenerate --message=users');
    const session = await connect(database.target(), 'workload', 'test');
    await session.sql('CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)');
    const plan = await planned(context, { name: 'users', autogenerate: true, dir: root });
    expect(plan).toMatchObject({ danger: 'confirm', writes: false, checks: [] });
    expect(plan.steps[0]?.preview).toContain("op.create_table('users'");
    const versions = join(root, 'migrations/versions');
    const revisions = () => readdirSync(versions).filter((name) => name.endsWith('.py'));
    expect(revisions()).toEqual([]);
    const { end } = await carryOut(plan, context);
    expect(end).toMatchObject({ ok: true });
    expect(revisions()).toHaveLength(1);
    expect(plan.steps[0]?.preview).toContain(
      readFileSync(join(versions, revisions()[0] ?? ''), 'utf8').trim(),
    );
    // it does not compare with a database that is behind, and nothing is left of that
    await expect(planned(context, { name: 'more', autogenerate: true, dir: root })).rejects.toThrow(
      /Target database is not up to date/,
    );
    expect(revisions()).toHaveLength(1);
    await session.sql(
      `CREATE TABLE users (id serial PRIMARY KEY); INSERT INTO alembic_version VALUES ('${revisions()[0]?.split('_')[0]}')`,
    );
    const same = await planned(context, { name: 'none', autogenerate: true, dir: root });
    expect(same.checks).toMatchObject([
      { status: 'warn', detail: 'No difference was found: the migration does nothing.' },
    ]);
    await session.sql('DROP TABLE users, alembic_version');
    await session.close();
  });
});

const noFlask = !existsSync('/usr/lib/python3/dist-packages/flask_migrate');
test.skipIf(noFlask)('Flask-Migrate', { timeout: 60_000 }, async () => {
  const { root, context } = project({
    // one without Flask-Migrate comes first
    '.venv/bin/flask': '#!/bin/sh\necho "Error: No such command \'db\'." >&2\nexit 2\n',
    'venv/bin/flask': '#!/bin/sh\nexec /usr/bin/python3 -m flask "$@"\n',
    'app.py': `import os
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_migrate import Migrate
app = Flask(__name__)
app.config['SQLALCHEMY_DATABASE_URI'] = os.environ['SQLALCHEMY_DATABASE_URI']
migrate = Migrate(app, SQLAlchemy(app))
`,
    'migrations/alembic.ini': '[alembic]\n',
    'migrations/env.py': 'from flask import current_app\n',
    'migrations/script.py.mako': MAKO,
    'migrations/versions/README': '',
  });
  const made = await create(context, { name: 'add users', dir: root });
  expect(made.plan.steps[0]?.preview).toBe("flask db revision '--message=add users'");
  expect(made.path).toMatch(/migrations\/versions\/\w+_add_users\.py$/);
});

describe('npm', () => {
  const withModules = (files: Record<string, string>) => {
    const made = project(files);
    symlinkSync(NODE_MODULES, join(made.root, 'node_modules'));
    return made;
  };
  const packageOf = (dependency: string, scripts: Record<string, string>, migrate?: Record<string, string>) =>
    JSON.stringify({ scripts, dependencies: { [dependency]: '*' }, ...(migrate && { pgdeck: { migrate } }) });
  const knexfile = "module.exports = { client: 'pg', connection: process.env.DATABASE_URL };\n";

  test.each<[string, Record<string, string>, RegExp, string]>([
    [
      'knex, with the options of its scripts',
      {
        'package.json': packageOf('knex', {
          'db:migrate': 'knex migrate:latest --knexfile knexfile.cjs --verbose',
        }),
        'knexfile.cjs': knexfile,
      },
      /\/migrations\/\d{14}_add_users\.c?js$/,
      'knex --knexfile knexfile.cjs migrate:make add_users',
    ],
    [
      'a script for it',
      {
        'package.json': packageOf(
          'knex',
          { up: 'knex migrate:latest', make: 'knex --knexfile knexfile.cjs migrate:make' },
          { up: 'up', create: 'make' },
        ),
        'knexfile.cjs': knexfile,
      },
      /\/migrations\/\d{14}_add_users\.c?js$/,
      'npm --silent run make -- add_users',
    ],
    [
      'Sequelize',
      { 'package.json': packageOf('sequelize', { 'db:migrate': 'sequelize-cli db:migrate' }) },
      /\/migrations\/\d{14}-add_users\.js$/,
      'sequelize-cli migration:generate --name add_users',
    ],
    [
      'node-pg-migrate, in the language of the last one',
      {
        'package.json': packageOf('node-pg-migrate', {}),
        'migrations/1700000000001_a.cjs': 'exports.up = () => {};',
      },
      /\/migrations\/\d{13}_add-users\.cjs$/,
      'node-pg-migrate create add_users --migrations-dir migrations --migration-file-language cjs --migration-filename-format timestamp',
    ],
  ])('%s', { timeout: 30_000 }, async (_what, files, path, command) => {
    const { root, context } = withModules(files);
    const made = await create(context, { name: 'add users', dir: root });
    expect(made.plan.steps[0]?.preview).toBe(command);
    expect(made.path).toMatch(path);
    expect(readdirSync(root)).not.toContain('db');
    await expect(planned(context, { name: 'x', dir: root, autogenerate: true })).rejects.toThrow(
      'makes no migration from models',
    );
    await expect(planned(context, { name: 'x', dir: root, format: 'dbmate' })).rejects.toThrow(
      'begins its migrations itself',
    );
    // one that strayed there
    mkdirSync(join(root, 'db/migrations'), { recursive: true });
    writeFileSync(join(root, 'db/migrations/20260101000000_stray.sql'), STRAY);
    if (!files['package.json']?.includes('node-pg-migrate'))
      expect((await choose(context, { dir: root })).adapter.id).toBe('npm');
  });

  test('what is not known is refused with what to write', async () => {
    const { root, context } = project({
      'package.json': packageOf('x', { 'db:migrate': 'node migrate.js' }),
    });
    await expect(planned(context, { name: 'x', dir: root })).rejects.toMatchObject({
      message: expect.stringContaining('do not say how a migration is begun'),
      next: expect.stringContaining('"create"'),
    });
  });
});

describe('Aerich, played by a script as its source has it', () => {
  const aerich = `#!/bin/sh
[ -e same ] && { echo 'No changes detected'; exit 0; }
[ "$*" = '--app models migrate --name add_users' ] || { echo "Error: $*" >&2; exit 2; }
printf 'async def upgrade(db):\\n    return """CREATE TABLE users ();"""\\n' > migrations/models/1_20260102_add_users.py
echo 'Success creating migration file 1_20260102_add_users.py'
`;
  const FILES = {
    '.venv/bin/aerich': aerich,
    'pyproject.toml': '[tool.aerich]\ntortoise_orm = "settings.ORM"\nlocation = "./migrations"\n',
  };

  test('what it writes is shown before it is kept; not begun yet, what begins it is named', async () => {
    const { root, context } = project(FILES);
    await expect(planned(context, { name: 'add users', dir: root })).rejects.toMatchObject({
      next: expect.stringContaining(`(cd ${root} && aerich init-db)`),
    });
    mkdirSync(join(root, 'migrations/models'), { recursive: true });
    const plan = await planned(context, { name: 'add users', dir: root });
    expect(plan).toMatchObject({
      danger: 'confirm',
      title: 'Keep migrations/models/1_20260102_add_users.py',
    });
    expect(plan.steps[0]?.preview).toContain('CREATE TABLE users ();');
    expect(readdirSync(join(root, 'migrations/models'))).toEqual([]);
    expect((await carryOut(plan, context)).end).toMatchObject({ ok: true });
    expect(readdirSync(join(root, 'migrations/models'))).toEqual(['1_20260102_add_users.py']);
    writeFileSync(join(root, 'same'), '');
    expect(await planned(context, { name: 'add users', dir: root })).toMatchObject({
      steps: [],
      checks: [{ detail: 'Aerich says: No changes detected' }],
    });
  });
});

test.each([
  [
    { 'pyproject.toml': '[project]\ndependencies = ["fastapi>=0.1", "aerich>=0.7"]\n' },
    /Aerich, by pyproject/,
    /aerich init -t .* aerich init-db/,
  ],
  [{ 'requirements.txt': 'Flask\nFlask-Migrate==4.0\n' }, /Flask-Migrate, by requirements/, /flask db init/],
  [
    { 'package.json': '{"devDependencies":{"knex":"3"}}' },
    /knex, by package\.json/,
    /npx knex init.*"pgdeck"/,
  ],
  [
    { 'package.json': '{"scripts":{"schema:migrate-it":"node x.js"}}' },
    /the script schema:migrate-it/,
    /"pgdeck"/,
  ],
])('a project of a tool that is not begun yet: %j', async (files, by, next) => {
  const { root, context } = project(files as Record<string, string>);
  for (const refused of [planned(context, { name: 'x', dir: root }), choose(context, { dir: root })])
    await expect(refused).rejects.toMatchObject({
      message: expect.stringMatching(by),
      next: expect.stringMatching(next),
    });
  expect((await create(context, { name: 'x', dir: root, tool: 'sql' })).path).toMatch(/\d{14}_x\.sql$/);
});
