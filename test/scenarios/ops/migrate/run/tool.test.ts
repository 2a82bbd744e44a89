import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { OpEvent } from '../../../../../src/ops/engine/plan.ts';
import { choose } from '../../../../../src/ops/migrate/choose.ts';
import { NODE_MODULES } from '../../../../ops/migrate/adapters/stage.ts';
import { contextIn, directoryOf, done, planned } from '../../../../ops/migrate/run/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

test("a team's own tool goes up and down under the same lock, backup and verification", async () => {
  const root = join(home, 'project');
  mkdirSync(join(root, 'migrations'), { recursive: true });
  symlinkSync(NODE_MODULES, join(root, 'node_modules'));
  const write = (name: string, text: string) => writeFileSync(join(root, name), text);
  write('package.json', JSON.stringify({ devDependencies: { 'node-pg-migrate': '9' } }));
  write(
    'migrations/1700000000001_users.sql',
    '-- Up Migration\nCREATE TABLE users (id int);\n-- Down Migration\nDROP TABLE users;\n',
  );
  write(
    'migrations/1700000000002_age.js',
    "exports.up = (pgm) => pgm.addColumn('users', { age: 'int' });\nexports.down = (pgm) => pgm.dropColumn('users', 'age');\n",
  );
  const context = contextIn(database, home);
  const where = { dir: root, tool: 'node-pg-migrate' };
  // what a program does is not known before
  const unread = await planned(context, 'up', where);
  expect(unread.steps.map(({ id }) => id)).toContain('safety-dump');
  expect(unread.checks).toContainEqual({
    title: 'Hazards',
    status: 'warn',
    detail:
      'Not known of what 1700000000002_age.js runs: its SQL is seen only when it runs. A backup is made before, as where data is lost.',
  });
  expect(unread.undo).toMatchObject({ command: expect.stringMatching(/^pgdeck restore /) });
  // its first call fails: what is known of the data is said
  write('migrations/1700000000000_bad.sql', '-- Up Migration\nSELECT 1/0;\n');
  const bad = await done(context, 'up', { ...where, no_backup: true });
  // other tests may write on this server meanwhile
  expect(bad.end.state).toMatch(
    /^(\w+ was not touched\.|By the history nothing was applied\. What the one that failed did outside a transaction is not known: look at the tables that it changes\.)$/,
  );
  rmSync(join(root, 'migrations/1700000000000_bad.sql'));
  const up = await done(context, 'up', { ...where, no_backup: true });
  expect(up.plan.steps.map(({ id }) => id)).not.toContain('safety-dump');
  expect(up.plan.checks).toContainEqual(
    expect.objectContaining({ detail: expect.stringMatching(/No backup is made before\.$/) }),
  );
  expect(up.end, up.end.text).toMatchObject({ ok: true });
  expect(up.end.undo).toBe(`pgdeck migrate down --base --tool node-pg-migrate --dir ${root}`);
  const asked = await planned(context, 'down', where);
  expect(asked).toMatchObject({ danger: 'type-name' });
  expect(asked.steps.map(({ id }) => id)).toEqual([
    'lock',
    ...['safety-snapshot', 'safety-dump', 'safety-verify', 'safety-publish'],
    expect.stringContaining('down'),
    'verify',
  ]);
  const acknowledge = asked.checks.flatMap(({ title, status }) => (status === 'block' ? [title] : []));
  const down = await done(context, 'down', { ...where, acknowledge });
  expect(down.end, down.end.text).toMatchObject({ ok: true });
  expect(down.end.undo).toMatch(/^pgdeck restore /);
  expect((await done(context, 'verify', where)).end).toMatchObject({ ok: true });
  // nothing of it is pgdeck's to mend
  expect((await planned(context, 'repair', where)).steps).toEqual([]);
});

test('scripts that do not say what waits go up with what the history says after', {
  timeout: 60_000,
}, async () => {
  const own = await testDatabase();
  onTestFinished(() => own.drop());
  const root = join(home, 'scripts');
  mkdirSync(join(root, 'migrations'), { recursive: true });
  symlinkSync(NODE_MODULES, join(root, 'node_modules'));
  const scripts = { 'db:migrate:all': 'node-pg-migrate up', 'db:migrate:status': 'node status.cjs' };
  writeFileSync(join(root, 'package.json'), JSON.stringify({ scripts }));
  writeFileSync(
    join(root, 'status.cjs'),
    "console.error('cannot execute CREATE TABLE in a read-only transaction'); process.exit(1)",
  );
  writeFileSync(
    join(root, 'migrations/1700000000001_users.cjs'),
    "exports.up = (pgm) => pgm.createTable('users', { id: 'int' });",
  );
  const context = contextIn(own, home);
  const where = { dir: root, tool: 'npm' };
  const plan = await planned(context, 'up', where);
  expect(plan).toMatchObject({ danger: 'confirm', title: `Apply what waits to ${own.target().database}` });
  const tables: unknown[] = [];
  const onEvent = (event: OpEvent) => {
    if (event.type === 'result') tables.push(event.table.rows);
  };
  const up = await done(context, 'up', where, { onEvent });
  expect(up.end, up.end.text).toMatchObject({ ok: true });
  expect(up.end.undo).toMatch(/^pgdeck restore /);
  expect(tables).toContainEqual([['1700000000001_users', '1700000000001_users', 'applied', 'yes']]);
  // nothing waits any more: that is no failure
  expect((await done(context, 'up', where)).end).toMatchObject({ ok: true });
  await context.close();
});

test('of a tool that is over while its statement still waits for a lock, it is not said that nothing was touched', {
  timeout: 60_000,
}, async () => {
  const own = await testDatabase();
  onTestFinished(() => own.drop());
  const holder = await client(own.target());
  await holder.sql('CREATE TABLE held (id int)');
  await holder.sql('BEGIN; LOCK TABLE held IN ROW EXCLUSIVE MODE');
  const root = join(home, 'left');
  mkdirSync(join(root, 'migrations'), { recursive: true });
  symlinkSync(NODE_MODULES, join(root, 'node_modules'));
  const scripts = { 'db:migrate:all': 'node left.cjs', 'db:migrate:status': 'node status.cjs' };
  writeFileSync(
    join(root, 'package.json'),
    JSON.stringify({ scripts, dependencies: { 'node-pg-migrate': '*' } }),
  );
  writeFileSync(join(root, 'status.cjs'), 'process.exit(1)');
  writeFileSync(join(root, 'migrations/1700000000001_left.cjs'), 'exports.up = () => {};');
  // its process ends, and its backend, which has no transaction ID yet, has no reason to look for it
  writeFileSync(
    join(root, 'left.cjs'),
    `const pg = require('pg');
(async () => {
  const connect = async () => {
    const one = new pg.Client({ connectionString: process.env.DATABASE_URL, application_name: process.env.PGAPPNAME });
    await one.connect();
    return one;
  };
  const [work, look] = [await connect(), await connect()];
  work.query('CREATE INDEX ON held (id)').catch(() => {});
  for (;;) {
    const { rows } = await look.query("SELECT FROM pg_locks WHERE relation = 'held'::regclass AND NOT granted");
    if (rows.length > 0) process.exit(1);
  }
})();`,
  );
  const context = contextIn(own, home);
  const { end } = await done(context, 'up', { dir: root, tool: 'npm' });
  expect(end.ok).toBe(false);
  expect(end.text).toContain('What was applied is not known: look at the tables that it changes');
  await context.close();
});

test('files that are not all SQL are left to their own tool', async () => {
  const root = join(home, 'mixed');
  const directory = directoryOf(root, 'migrations', {
    '1700000000001_first': '-- Up Migration\nSELECT 1;\n',
  });
  const context = contextIn(database, home);
  const alone = await choose(context, { dir: root });
  expect(alone).toMatchObject({ adapter: { id: 'sql' }, where: { directory }, others: [] });
  writeFileSync(join(root, 'package.json'), JSON.stringify({ devDependencies: { 'node-pg-migrate': '9' } }));
  const both = await choose(context, { dir: root });
  expect(both).toMatchObject({ adapter: { id: 'sql' }, others: ['node-pg-migrate'] });
  // a mistake is no reason to hand them over: what pgdeck knows of them would be out of sight
  writeFileSync(join(directory, '1700000000003_mistake.sql'), '-- Up Migration\nSELEC 1;\n');
  expect((await choose(context, { dir: root })).adapter.id).toBe('sql');
  writeFileSync(join(directory, '1700000000002_second.js'), 'exports.up = () => {};');
  expect((await choose(context, { dir: root })).adapter.id).toBe('node-pg-migrate');
});
