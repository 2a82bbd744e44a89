import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../src/cli/program.ts';
import { environmentOf } from '../ops/migrate/run/stage.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { versionOf, writeMigrations } from '../support/fixtures/migrations.ts';
import { pgdeckHere, temporaryDirectory } from '../support/program.ts';

const home = temporaryDirectory();
const dir = join(home, 'db', 'migrations');
let database: TestDatabase;
let env: Record<string, string>;

beforeAll(async () => {
  database = await testDatabase();
  env = environmentOf(database, home);
  writeMigrations(dir, 'dbmate');
});
afterAll(() => database.drop());

test('status, plan, up and status again, as a script sees them', async () => {
  const status = await pgdeckHere(['migrate', 'status', '--dir', dir, '--json'], env);
  expect(status).toMatchObject({ code: 0, stderr: '' });
  const before = JSON.parse(status.stdout);
  expect(Object.keys(before)).toEqual(['tool', 'current', 'items', 'problems']);
  expect(before).toMatchObject({ tool: 'sql', current: null, problems: [] });
  expect(before.items[0]).toEqual({
    version: versionOf('dbmate', 1),
    name: 'create_users',
    state: 'pending',
  });

  const plan = await pgdeckHere(['migrate', 'plan', '--dir', dir, '--to', versionOf('dbmate', 6)], env);
  expect(plan.code, plan.stderr).toBe(0);
  expect(plan.stdout).toContain('CREATE INDEX CONCURRENTLY users_email ON users (email);');
  expect(plan.stdout).toContain('Apply 6 migrations');
  const admin = await client(database.target());
  expect(await admin.sql("SELECT FROM pg_class WHERE relname = 'users'")).toEqual([]);

  const refused = await pgdeckHere(['migrate', 'up', '--dir', dir], env);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('Add --yes to do it.');
  const up = await pgdeckHere(['migrate', 'up', '--dir', dir, '--yes', '--json'], env);
  expect(up.code, up.stderr).toBe(0);
  const end = JSON.parse(up.stdout.trim().split('\n').at(-1) ?? '');
  expect(end).toMatchObject({ type: 'end', ok: true, status: 'done' });
  expect(end.undo).toMatch(/migrate down --base --dir /);
  const after = await pgdeckHere(['migrate', 'status', '--dir', dir], env);
  expect(after.stdout.split('\n')[1]).toMatch(/^\d+ +create_users +applied +20\d\d-/);
  expect(after.stderr).toContain(`current is ${versionOf('dbmate', 10)}`);
});

test("a team's own tool: what cannot be asked is a failure, and what it generates is kept after a yes", async () => {
  const root = join(home, 'own');
  mkdirSync(join(root, '.venv/bin'), { recursive: true });
  mkdirSync(join(root, 'migrations/models'), { recursive: true });
  const program = (name: string, text: string) =>
    writeFileSync(join(root, '.venv/bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  writeFileSync(join(root, 'alembic.ini'), '[alembic]\nscript_location = migrations\n');
  program('alembic', 'echo "FAILED: No script_location"; exit 255');
  const status = await pgdeckHere(['migrate', 'status', '--dir', root, '--tool', 'alembic', '--json'], env);
  expect(status.code).toBe(1);
  expect(JSON.parse(status.stdout).problems).toMatchObject([{ kind: 'tool' }]);
  writeFileSync(join(root, 'pyproject.toml'), '[tool.aerich]\nlocation = "./migrations"\n');
  program('aerich', 'echo "# x" > migrations/models/1_x.py; echo Success');
  const create = ['migrate', 'create', 'x', '--dir', root, '--tool', 'aerich'];
  const asked = await pgdeckHere(create, env);
  expect(asked.code).toBe(2);
  expect(asked.stderr).toContain('Add --yes to do it.');
  expect(readdirSync(join(root, 'migrations/models'))).toEqual([]);
  expect((await pgdeckHere([...create, '--yes'], env)).code).toBe(0);
  expect(readdirSync(join(root, 'migrations/models'))).toEqual(['1_x.py']);
});

test.each([
  [['up', '--to', '1', '--steps', '2'], /--to|--steps/],
  [['up', '--steps', '0'], /--steps must be 1 or more\./],
  [['status', '--tool', 'nothing'], /There is no tool nothing\. Known are: sql, /],
  [['status', '--dir', join(home, 'empty')], /There are no migrations in /],
  [['up', '--acknowledge', 'nothing', '--to', '99'], /There is no migration 99/],
])('%j is refused', async (args, expected) => {
  mkdirSync(join(home, 'empty'), { recursive: true });
  const named = args.includes('--dir') ? args : [...args, '--dir', dir];
  const { code, stderr } = await pgdeckHere(['migrate', ...named], env);
  expect(stderr).toMatch(expected);
  expect(code).toBe(2);
});

test('a server that is not there is told by the exit code', async () => {
  expect(await run(['migrate', 'status', '--dir', dir, '-h', join(home, 'nowhere')], env)).toBe(3);
});
