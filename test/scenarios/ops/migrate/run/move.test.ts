import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/client.ts';
import { refusal } from '../../../../../src/ops/engine/run/refusal.ts';
import { connectionCheck } from '../../../../../src/ops/migrate/plan/checks.ts';
import {
  blocks,
  contextIn,
  directoryOf,
  done,
  planned,
  statesOf,
  statusOf,
  ways,
} from '../../../../ops/migrate/run/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
let database: TestDatabase;
let admin: Session;

beforeAll(async () => {
  database = await testDatabase();
  admin = await client(database.target());
});
afterAll(() => database.drop());
afterEach(async () => {
  await admin.sql('DROP SCHEMA public CASCADE');
  await admin.sql('CREATE SCHEMA public');
  await admin.sql('DROP SCHEMA IF EXISTS app CASCADE');
});

test('an error names file and line; what was applied before stays, and the rest is pending', async () => {
  const dir = directoryOf(home, 'error', {
    '1_good': ways('CREATE TABLE t (id int);', 'DROP TABLE t;'),
    '2_bad': ways("CREATE TABLE 表 (id int);\n\nINSERT INTO 表\n  VALUES ('注文', 1),\n  (nothing, 2);"),
    '3_later': ways('SELECT 1;'),
  });
  const context = contextIn(database, home);
  const { end } = await done(context, 'up', { dir });
  expect(end).toMatchObject({ ok: false, undo: null });
  expect(end.text).toMatch(
    /^Apply 2 bad: 2_bad\.sql:5: .*\(42601\)\. Nothing of it was applied\. Fix the cause, then: pgdeck -h \S+ -p \d+ -U postgres -d \w+ migrate up --dir \S+\nApplied before that, and kept so: 1\. Not applied: 2, 3\.$/,
  );
  expect(end.state).toBe('Applied before that, and kept so: 1. Not applied: 2, 3.');
  expect(await statesOf(context, dir)).toEqual({ applied: 1, pending: 2 });
  expect(await statusOf(context, dir)).toMatchObject({ current: '1' });
});

test('the state of the database is told also where the first migration fails, up and down', async () => {
  const dir = directoryOf(home, 'first', {
    '1_bad': ways('SELECT 1/0;'),
    '2_later': ways('SELECT 1;', 'SELECT 1;'),
  });
  const context = contextIn(database, home);
  const up = await done(context, 'up', { dir });
  expect(up.end).toMatchObject({ ok: false, state: 'Not applied: 1, 2.' });
  directoryOf(home, 'first', { '1_bad': ways('SELECT 1;', 'SELECT 1/0;') });
  await done(context, 'up', { dir });
  const down = await done(context, 'down', { dir, base: true, no_backup: true });
  expect(down.end.state).toBe('Rolled back before that, and kept so: 2. Still applied: 1.');
});

test('notices are streamed, and what a function raises says where', async () => {
  const dir = directoryOf(home, 'notices', {
    '1_loud': ways("DO $$ BEGIN RAISE NOTICE '% rows', 3; RAISE WARNING 'careful'; END $$;"),
    '2_raises': ways(
      "\nDO $$ BEGIN RAISE EXCEPTION 'no orders' USING DETAIL = 'the table is empty', HINT = 'load some'; END $$;",
    ),
  });
  const { end, lines } = await done(contextIn(database, home), 'up', { dir });
  expect(lines).toEqual(expect.arrayContaining(['3 rows', 'careful']));
  expect(end.text).toMatch(
    /2_raises\.sql:3: no orders \(P0001\)\. the table is empty\. In PL\/pgSQL function .* Hint: load some\./,
  );
});

test('status and plan make no table; a status of nothing has nothing', async () => {
  const dir = directoryOf(home, 'reads', { '1_first': ways('CREATE TABLE t (id int);') });
  const context = contextIn(database, home);
  const plan = await planned(context, 'up', { dir });
  expect(plan.danger).toBe('confirm');
  expect(plan.steps.map(({ id }) => id)).toEqual(['lock', 'history', 'up:1', 'verify']);
  const shown = plan.steps[2]?.preview ?? '';
  expect(shown).toMatch(
    /^-- 1_first\.sql\nBEGIN;\nSET LOCAL lock_timeout = '3s';\nCREATE TABLE t \(id int\);\n-- the history\n/,
  );
  expect(shown).toContain(`schema_migrations" (version) VALUES ($1) RETURNING true;\n-- $1 = '1'\n`);
  expect(shown).toMatch(/\$4 = …, \$5 = '<run>'\nCOMMIT;$/);
  expect(await statusOf(context, dir)).toMatchObject({ tool: 'sql', current: null });
  expect(await admin.sql("SELECT FROM pg_class WHERE relname LIKE '%migrations'")).toEqual([]);
});

test('what runs outside a transaction is shown as it is sent, in the plan and while it runs', async () => {
  const index =
    'CREATE INDEX CONCURRENTLY t_by_everything_that_is_asked_for_often\n  ON t (id, a_long_name_of_a_column)\n  WHERE id > 0';
  const table = 'CREATE TABLE t (id int, a_long_name_of_a_column text)';
  const dir = directoryOf(home, 'exact', { '1_exact': ways(`${table};\n-- slow\n${index};`) });
  const context = contextIn(database, home);
  const plan = await planned(context, 'up', { dir, lock_timeout: 2 });
  expect(plan.steps.find(({ id }) => id === 'up:1')?.preview).toContain(
    `BEGIN;\nSET LOCAL lock_timeout = '2s';\n${table};\nCOMMIT;\nSET lock_timeout = '0s';\n${index};\n-- the history, after each of these\n`,
  );
  const { lines } = await done(context, 'up', { dir });
  expect(lines.join('\n')).toContain(`1 of 2: ${table};\n2 of 2: ${index};\n1 exact applied in`);
});

test('hazards stop the plan until each is acknowledged by its name; what is destructive is backed up', async () => {
  await admin.sql('CREATE TABLE users (id int, email text)');
  await admin.sql("INSERT INTO users VALUES (1, 'a@example.com')");
  const dir = directoryOf(home, 'hazards', {
    '1_drop': ways('ALTER TABLE users DROP COLUMN email;', 'ALTER TABLE users ADD COLUMN email text;'),
  });
  const context = contextIn(database, home);
  const plan = await planned(context, 'up', { dir });
  expect(plan).toMatchObject({ danger: 'type-name', subject: database.database });
  expect(blocks(plan).join()).toMatch(/^drop_column: 1: /);
  expect(plan.checks).toContainEqual(
    expect.objectContaining({ answer: { field: 'acknowledge', value: 'drop_column' } }),
  );
  expect(refusal(plan, false)?.message).toMatch(/To accept it: --acknowledge drop_column$/);
  const refused = await done(context, 'up', { dir });
  expect(refused.end).toMatchObject({ ok: false, status: 'refused' });
  await expect(planned(context, 'up', { dir, acknowledge: ['drop_colum'] })).rejects.toMatchObject({
    message: 'drop_colum is no hazard.',
    next: expect.stringMatching(/^--acknowledge takes: .*, drop_column, .*, volatile_default\.$/),
  });
  // a script names the same ones each time
  const acknowledge = ['drop_column', 'truncate'];
  expect(blocks(await planned(context, 'up', { dir, acknowledge, no_backup: true })).join()).toMatch(
    /^Backup: /,
  );
  const { end, lines } = await done(context, 'up', { dir, acknowledge });
  expect(end, end.text).toMatchObject({ ok: true });
  const id = /The way back is the backup (\S+): pgdeck -h \S+ -p \d+ -U postgres -d \w+ restore \1$/m.exec(
    lines.join('\n'),
  )?.[1];
  expect(end.undo).toBe(`pgdeck restore ${id}`);
});

test('a way down that is missing refuses all of it; its undo is the way down otherwise', async () => {
  const dir = directoryOf(home, 'one-way', {
    '1_first': ways('CREATE TABLE a (id int);', 'DROP TABLE a;'),
    '2_one_way': ways('CREATE TABLE b (id int);'),
    '3_third': ways('CREATE TABLE c (id int);', 'DROP TABLE c;'),
  });
  const context = contextIn(database, home);
  const first = await done(context, 'up', { dir, steps: 1 });
  expect(first.end.undo).toBe(`pgdeck migrate down --base --dir ${dir}`);
  const all = await done(context, 'up', { dir });
  expect(all.end).toMatchObject({ ok: true, undo: null });
  const down = await planned(context, 'down', { dir, steps: 2 });
  expect(blocks(down)).toEqual([
    'nothing_taken_back: 2: 2_one_way.sql has no way down: its row goes from the history, and what it made stays; ' +
      'write what rolls it back.',
  ]);
  // its own table goes, which is no question
  expect(down.consequence).toContain('Drops c (0 rows).');
  await expect(planned(context, 'up', { dir, to: '9' })).rejects.toThrow(/There is no migration 9/);
  expect((await planned(context, 'up', { dir, to: '1' })).title).toBe('Everything up to 1 is applied');
  const two = planned(context, 'down', { dir, steps: 1, to: '1' });
  await expect(two).rejects.toThrow(/exclude each other/);
  expect(await statesOf(context, dir)).toEqual({ applied: 3 });
});

test("migrations run with the role's search_path, and what one sets is not the next one's", async () => {
  const role = await database.roleWith();
  await admin.sql(`CREATE SCHEMA app AUTHORIZATION ${role}`);
  await admin.sql(`ALTER ROLE ${role} SET search_path = app`);
  const dir = directoryOf(home, 'path', {
    '1_dump': ways("SELECT pg_catalog.set_config('search_path', '', false);\nSET lock_timeout = '7min';"),
    '2_plain': ways('CREATE TABLE plain (id int);', 'DROP TABLE plain;'),
    '3_alone': ways('CREATE INDEX CONCURRENTLY plain_id ON plain (id);', 'DROP INDEX CONCURRENTLY plain_id;'),
  });
  const { contextOf } = await import('../../../../ops/engine/run/stage.ts');
  const context = contextOf(database.target(role), home, { env: { BACKUP_DIR: join(home, 'backups') } });
  try {
    const { end } = await done(context, 'up', { dir });
    expect(end, end.text).toMatchObject({ ok: true });
    expect(await statesOf(context, dir)).toEqual({ applied: 3 });
  } finally {
    await context.close();
  }
  const made = await admin.sql(
    "SELECT relname::text AS name FROM pg_class WHERE relnamespace = 'app'::regnamespace ORDER BY 1",
  );
  expect(made.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['plain', 'plain_id', 'schema_migrations']),
  );
});

test('late migrations are a hazard, changed and missing ones are told and mended one by one', async () => {
  const dir = directoryOf(home, 'entries', {
    '1_first': ways('CREATE TABLE a (id int);', 'DROP TABLE a;'),
    '3_third': ways('CREATE TABLE c (id int);', 'DROP TABLE c;'),
    '4_fourth': ways('CREATE TABLE d (id int);', 'DROP TABLE d;'),
  });
  const context = contextIn(database, home);
  expect((await done(context, 'up', { dir })).end).toMatchObject({ ok: true });
  directoryOf(home, 'entries', {
    '1_first': ways('CREATE TABLE a (id bigint);', 'DROP TABLE a;'),
    '2_late': ways('CREATE TABLE b (id int);', 'DROP TABLE b;'),
  });
  rmSync(join(dir, '4_fourth.sql'));
  expect(await statesOf(context, dir)).toEqual({ changed: 1, out_of_order: 1, applied: 1, missing_file: 1 });
  await expect(planned(context, 'down', { dir })).rejects.toThrow(/4 has no file/);
  const late = await planned(context, 'up', { dir });
  expect(blocks(late).join()).toMatch(/^out_of_order: /);
  const verified = await done(context, 'verify', { dir });
  expect(verified.end).toMatchObject({ ok: false });

  const changed = await done(context, 'repair', { dir, entry: '1' });
  expect(changed.end, changed.end.text).toMatchObject({ ok: true });
  expect(changed.plan).toMatchObject({ danger: 'confirm' });
  expect(changed.plan.facts).toContainEqual({ label: 'Besides', value: '4: one entry at a time' });
  const missing = await planned(context, 'repair', { dir, entry: '4' });
  expect(missing).toMatchObject({ danger: 'type-name', subject: '4' });
  expect(missing.tables).toEqual([
    {
      title: 'Ways',
      columns: ['way', 'what it does'],
      rows: [['--action forget', 'Take 4 out of the history']],
    },
  ]);
  expect((await done(context, 'repair', { dir })).end).toMatchObject({ ok: true });
  expect(await statesOf(context, dir)).toEqual({ applied: 2, out_of_order: 1 });
  expect((await planned(context, 'repair', { dir })).steps).toEqual([]);
  await expect(planned(context, 'repair', { dir, entry: '1' })).rejects.toThrow(/nothing to repair in 1/);
});

test('a pooler in between is refused, and a standby', async () => {
  const { server } = admin;
  expect(connectionCheck(server)).toMatchObject({ status: 'ok' });
  expect(connectionCheck({ ...server, pooled: true })).toMatchObject({ status: 'block' });
  expect(connectionCheck({ ...server, standby: true })).toMatchObject({ status: 'block' });
});
