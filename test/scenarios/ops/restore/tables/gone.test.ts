import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../../src/db/session.ts';
import type { OpContext } from '../../../../../src/ops/engine/operation.ts';
import type { Backup } from '../../../../../src/ops/repository/repository.ts';
import { tablesPlan } from '../../../../../src/ops/restore/tables/plan.ts';
import { contextOf } from '../../../../ops/engine/run/stage.ts';
import { dump, restore } from '../../../../ops/restore/tables/stage.ts';
import { client, testDatabase } from '../../../../support/cluster.ts';
import { everything, rowCounts } from '../../../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../../../support/program.ts';

const directory = temporaryDirectory();
let database: Awaited<ReturnType<typeof testDatabase>>;
let session: Session;
let context: OpContext;
let backups: Backup[];

beforeAll(async () => {
  database = await testDatabase();
  session = await client(database.target());
  await everything(session);
  // what depends on a table goes with it, and is not made again
  await session.sql('DROP MATERIALIZED VIEW app.sales');
  const target = database.target();
  backups = [await dump(target, join(directory, 'a.dump')), await dump(target, join(directory, 'a.sql'), [])];
  context = contextOf(target, directory);
});
afterAll(async () => {
  await context.close();
  await database.drop();
});

/** Every definition of the database, as pg_dump writes it. */
async function definitions(): Promise<string> {
  const { archive } = await dump(database.target(), join(directory, 'schema.sql'), ['-s']);
  return readFileSync(archive, 'utf8').replace(/^\\(un)?restrict .*$/gm, '');
}

const sequences = () => session.sql('SELECT sequencename, last_value FROM pg_sequences ORDER BY 1');

test.each([
  [
    'triggers in every state, a sequence of its own schema, an exclusion constraint',
    'numbers',
    'app.numbers',
  ],
  [
    'a serial column and a name in quotes',
    'Mixed Case.UserAccounts',
    '"we,ird""q"."Mixed Case.UserAccounts"',
  ],
  ['a comment of two lines', '混合 Schéma.用户 表', '"混合 Schéma"."用户 表"'],
  ['partitions in two levels', 'app.orders', 'app.orders'],
  ['a partition of a table that is there', 'app.orders_2025', 'app.orders_2025'],
  ['an unlogged table', 'scratch', 'app.scratch'],
])('a table that is gone comes back as it was: %s', async (_, name, quoted) => {
  const [before, counts, stood] = [await definitions(), await rowCounts(session), await sequences()];
  // from a plain file too, where partitions and settings between the parts could be read wrongly
  for (const backup of name === 'scratch' || name.startsWith('app.') ? backups : backups.slice(0, 1)) {
    await session.sql(`DROP TABLE ${quoted}`);
    const { end, done } = await restore(context, backup, [name], 'merge');
    expect(end.text).toMatch(/: done\.$/);
    expect(Object.keys(done ?? {})).toEqual([quoted]);
    expect(await rowCounts(session)).toEqual(counts);
    expect(await definitions()).toBe(before);
    expect(await sequences()).toEqual(stood);
  }
});

test('foreign keys of others are told, and a definition that fails changes nothing', async () => {
  const [backup] = backups;
  if (backup === undefined) throw new Error('no backup');
  await session.sql('DROP TABLE app.employees CASCADE');
  const plan = await tablesPlan({ tables: ['employees'], mode: 'merge', safety: true }, context, backup);
  expect(plan.checks.find(({ title }) => title === 'app.employees')).toEqual({
    title: 'app.employees',
    status: 'warn',
    detail:
      'It is gone from the database and will be made again, with its indexes, constraints and triggers. ' +
      'Foreign keys of other tables to it stay as they are; add them yourself: departments departments_boss.',
  });
  await session.sql('ALTER TABLE app.departments RENAME TO elsewhere');
  const { end } = await restore(context, backup, ['employees'], 'merge');
  expect(end).toMatchObject({ status: 'failed' });
  expect(end.text).toContain('Nothing was changed: relation "app.departments" does not exist.');
  expect(await session.sql(`SELECT to_regclass('app.employees') AS it`)).toEqual([{ it: null }]);
});

test('a table that others inherit from comes back together with them, each with its own rows', async () => {
  await session.sql(
    'CREATE TABLE app.heir (id int); CREATE TABLE app.heir_1 (x int) INHERITS (app.heir); INSERT INTO app.heir VALUES (1)',
  );
  await session.sql('INSERT INTO app.heir_1 VALUES (2, 3), (4, 5)');
  const backup = await dump(database.target(), join(directory, 'heirs.sql'), []);
  await session.sql('DROP TABLE app.heir CASCADE');
  const { end } = await restore(context, backup, ['app.heir', 'app.heir_1'], 'replace');
  expect(end, end.text).toMatchObject({ status: 'done' });
  expect(await session.sql('SELECT tableoid::regclass::text AS of, id FROM app.heir ORDER BY id')).toEqual([
    { of: 'app.heir', id: 1 },
    { of: 'app.heir_1', id: 2 },
    { of: 'app.heir_1', id: 4 },
  ]);
  await session.sql('DROP TABLE app.heir CASCADE');
});
