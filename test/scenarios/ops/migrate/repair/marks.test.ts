import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/client.ts';
import { contextIn, done, planned, statesOf, statusOf } from '../../../../ops/migrate/run/stage.ts';
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
beforeEach(async () => {
  await admin.sql('DROP SCHEMA public CASCADE');
  await admin.sql('CREATE SCHEMA public');
});

/** A directory with these files. */
function filesIn(name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(home, name);
  mkdirSync(directory, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
  return directory;
}

const golang = () =>
  filesIn('golang', {
    '1_one.up.sql': 'CREATE TABLE one (id int);\nCREATE INDEX one_id ON one (id);',
    '1_one.down.sql': 'DROP INDEX one_id;\nDROP TABLE one;',
    '2_two.up.sql': 'CREATE TABLE two (id int);',
    '2_two.down.sql': 'DROP TABLE two;',
  });

const mark = () => admin.sql('SELECT version::int AS version, dirty FROM schema_migrations');

/** As golang-migrate leaves it when it fails in the way down of the first one. */
async function failedToTheEmptyDatabase(): Promise<string> {
  const dir = golang();
  const up = await done(contextIn(database, home), 'up', { dir });
  expect(up.end, up.end.text).toMatchObject({ ok: true });
  await admin.sql(
    'DROP TABLE two; DROP INDEX one_id; UPDATE schema_migrations SET version = -1, dirty = true',
  );
  return dir;
}

test("golang-migrate's mark of the way to the empty database is the first migration's, and is finished", async () => {
  const dir = await failedToTheEmptyDatabase();
  const context = contextIn(database, home);
  expect(await statusOf(context, dir)).toMatchObject({
    current: null,
    items: [
      { version: '1', state: 'dirty' },
      { version: '2', state: 'pending' },
    ],
    problems: [
      {
        kind: 'dirty',
        version: '1',
        message: '1 was begun going down and not finished; pgdeck migrate repair shows and repairs it.',
      },
    ],
  });
  const { end, plan } = await done(context, 'repair', { dir });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(plan.tables?.[0]?.rows.map(([, , said]) => said)).toEqual([
    'took effect',
    'not yet, or can be repeated',
  ]);
  expect(await statesOf(context, dir)).toEqual({ pending: 2 });
  expect(await mark()).toEqual([]);
  expect((await planned(context, 'repair', { dir })).steps).toEqual([]);
});

test('or it is rolled back: the first one is applied as before', async () => {
  const dir = await failedToTheEmptyDatabase();
  const context = contextIn(database, home);
  const { end } = await done(context, 'repair', { dir, entry: '1', action: 'back' });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await mark()).toEqual([{ version: 1, dirty: false }]);
  expect(await statesOf(context, dir)).toEqual({ applied: 1, pending: 1 });
  expect(await admin.sql("SELECT to_regclass('one_id') IS NOT NULL AS there")).toEqual([{ there: true }]);
});

test('an unfinished one without a file is taken out of the history, and the one before it is where it stands', async () => {
  const dir = golang();
  const context = contextIn(database, home);
  expect((await done(context, 'up', { dir })).end).toMatchObject({ ok: true });
  await admin.sql('UPDATE schema_migrations SET version = 9, dirty = true');
  const { problems } = await statusOf(context, dir);
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^9 was begun and not finished, and there is no file of it in .*take it out of the history/,
    ),
  ]);
  const { end, plan } = await done(context, 'repair', { dir });
  expect(plan).toMatchObject({ danger: 'type-name', subject: '9' });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await mark()).toEqual([{ version: 2, dirty: false }]);
  expect(await statesOf(context, dir)).toEqual({ applied: 2 });
});

test('what Flyway has left without a table of ours is mended in both', async () => {
  const dir = filesIn('flyway', { 'V1__one.sql': 'CREATE TABLE one (id int);' });
  await admin.sql(
    'CREATE TABLE flyway_schema_history (installed_rank int, version text, description text, type text, script text, checksum int, installed_by text, installed_on timestamp, execution_time int, success boolean)',
  );
  await admin.sql(
    "INSERT INTO flyway_schema_history VALUES (1, '1', 'one', 'SQL', 'V1__one.sql', 1, 'me', now(), 5, false)",
  );
  await admin.sql('DROP TABLE IF EXISTS pgdeck_migrations');
  const context = contextIn(database, home);
  const { end } = await done(context, 'repair', { dir, entry: '1', action: 'pending' });
  expect(end, end.text).toMatchObject({ ok: true });
  expect(await admin.sql('SELECT version FROM flyway_schema_history')).toEqual([]);
  expect(await statesOf(context, dir)).toEqual({ pending: 1 });
});
