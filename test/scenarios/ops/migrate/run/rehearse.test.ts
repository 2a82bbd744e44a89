import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  blocks,
  contextIn,
  directoryOf,
  done,
  planned,
  statesOf,
  ways,
} from '../../../../ops/migrate/run/stage.ts';
import { type TestDatabase, testDatabase } from '../../../../support/cluster.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const home = temporaryDirectory();
let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const FIRST = ways('CREATE TABLE t (id int);', 'DROP TABLE t;');

test('a way down that forgets a column, an index and a default stops the run before it begins', async () => {
  const dir = directoryOf(home, 'forgets', {
    '1_first': FIRST,
    '2_forgets': ways(
      'ALTER TABLE t ADD COLUMN note text;\nALTER TABLE t ALTER COLUMN id SET DEFAULT 7;\nCREATE INDEX CONCURRENTLY t_id ON t (id);',
      'SELECT 1;',
    ),
  });
  const context = contextIn(database, home);
  const one = await done(context, 'up', { dir, steps: 1, rehearse: true });
  expect(one.end, one.end.text).toMatchObject({ ok: true });
  const { end } = await done(context, 'up', { dir, rehearse: true });
  expect(end).toMatchObject({ ok: false, status: 'failed' });
  for (const forgotten of ['note', 't_id', 'default']) expect(end.text).toContain(forgotten);
  expect(end.text).toContain(`${database.database} was not touched`);
  expect(await statesOf(context, dir)).toEqual({ applied: 1, pending: 1 });
  directoryOf(home, 'forgets', {
    '2_forgets': ways(
      'ALTER TABLE t ADD COLUMN note text;\nALTER TABLE t ALTER COLUMN id SET DEFAULT 7;\nCREATE INDEX CONCURRENTLY t_id ON t (id);',
      'DROP INDEX CONCURRENTLY t_id;\nALTER TABLE t ALTER COLUMN id DROP DEFAULT, DROP COLUMN note;',
    ),
  });
  const mended = await done(context, 'up', { dir, rehearse: true });
  expect(mended.end, mended.end.text).toMatchObject({ ok: true });
});

test('what stops it is told in one line, without what is no failure', async () => {
  const dir = directoryOf(home, 'told', {
    '21_function': ways(
      'CREATE FUNCTION answer() RETURNS int LANGUAGE sql\nAS $$\n  SELECT 42\n$$;',
      'SELECT 1;',
    ),
    '22_one_way': '-- migrate:up\nCREATE TABLE stays (id int);\n',
  });
  const { end } = await done(contextIn(database, home), 'up', { dir, rehearse: true });
  expect(end.text).toMatch(
    /21: Its way down forgets something\. It leaves the function public\.answer\(\) \(.*42.*\)\.\nNot applied: 21, 22\.$/,
  );
});

test('what would reach the server itself is not rehearsed', async () => {
  const dir = directoryOf(home, 'roles', { '9_role': ways('CREATE ROLE nobody_of_this_test;') });
  const plan = await planned(contextIn(database, home), 'up', { dir, rehearse: true });
  expect(blocks(plan).join()).toMatch(/Rehearsal: .* would reach the server/);
});

test('what has reached the server once does not stop the rehearsal of what follows', async () => {
  const comment = `COMMENT ON DATABASE "${database.database}" IS 'of this test'`;
  const dir = directoryOf(home, 'reached', {
    '11_reaches': ways(`${comment};`, 'SELECT 1;'),
    '12_follows': ways('CREATE TABLE follows (id int);', 'DROP TABLE follows;'),
  });
  const context = contextIn(database, home);
  const first = await done(context, 'up', { dir, steps: 1 });
  expect(first.end, first.end.text).toMatchObject({ ok: true });
  const { end } = await done(context, 'up', { dir, rehearse: true });
  expect(end, end.text).toMatchObject({ ok: true });
});
