import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  complaints,
  contextFor,
  entries,
  inRestored,
  onlyBackup,
  planBackup,
} from '../../../ops/backup/stage.ts';
import { carryOut } from '../../../ops/engine/run/stage.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { everything, rowCounts } from '../../../support/fixtures/everything.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let all: Map<string, number>;
let runs = 0;

beforeAll(async () => {
  db = await testDatabase();
  const session = await client(db.target());
  await everything(session);
  all = await rowCounts(session);
});
afterAll(() => db.drop());

/** Backs up, restores into an empty database, and counts what came back; matviews are filled from what is there. */
async function roundTrip(input: Record<string, unknown>) {
  const repository = join(home, `run-${++runs}`);
  const context = contextFor(db.target(), home);
  const plan = await planBackup(context, { ...input, dir: repository, no_globals: true });
  const { end } = await carryOut(plan, context);
  expect(end.text).toBe(`Back up ${db.database}: done.`);
  const made = await onlyBackup(repository);
  const restored = await inRestored(made, rowCounts);
  const filled = [...restored]
    .filter(([name, rows]) => rows > 0 && name !== 'app.sales')
    .map(([name]) => name);
  return { plan, made, restored, filled: filled.sort() };
}

describe('chosen tables', () => {
  test('a partitioned table brings the rows of every partition', async () => {
    const { filled, restored, made } = await roundTrip({ table: ['app.orders', 'app.customers'] });
    expect(filled).toEqual([
      'app.customers',
      'app.orders_2025',
      'app.orders_2026_north',
      'app.orders_2026_rest',
    ]);
    for (const name of filled) expect(restored.get(name)).toBe(all.get(name));
    // with the definitions of everything, so that it can be restored by itself
    // (a materialized view that was not chosen is there, and empty)
    expect([...restored.keys()]).toEqual([...all.keys()].filter((name) => name !== 'app.sales'));
    expect(made.manifest).toMatchObject({
      scope: 'tables',
      chosen: ['"app"."orders"', '"app"."customers"'],
      large_objects: 0,
    });
  });

  test('names in Chinese, with quotes, blanks, capitals and dots, typed as they are or quoted', async () => {
    const { filled } = await roundTrip({
      table: ['混合 Schéma.用户 表', '"we,ird""q"."Mixed Case.UserAccounts"', '长'.repeat(21)],
    });
    expect(filled).toEqual(
      [`app.${'长'.repeat(21)}`, 'we,ird"q.Mixed Case.UserAccounts', '混合 Schéma.用户 表'].sort(),
    );
  });

  test('foreign keys to rows that are not there are left out of a restore, and that is said', async () => {
    const { plan, made, filled } = await roundTrip({ table: ['app.employees'] });
    expect(filled).toEqual(['app.employees']);
    expect(complaints(plan)).toEqual([expect.stringContaining('warn Foreign keys: 1 foreign key leads')]);
    expect(entries(made.path)).toContain('restore.list');
  });

  test('a plain dump that could not be restored is refused', async () => {
    const context = contextFor(db.target(), home);
    const plan = await planBackup(context, { table: ['app.employees'], format: 'plain', dir: home });
    expect(complaints(plan)).toEqual([
      expect.stringMatching(/^block Foreign keys: .*choose those tables too/),
    ]);
  });

  test.each([
    ['app.custmers', /There is no table app\.custmers in this database\..*/, /Did you mean app\.customers/],
    ['app.ORDERS', /There is no table app\.ORDERS/, /app\.orders/],
    ['nowhere.at_all', /There is no table nowhere\.at_all/, /Check the name/],
    ['app.rich', /app\.rich is a view and holds no rows/, undefined],
    ['app.ticket', /app\.ticket is a sequence/, undefined],
  ])('%s is refused in a sentence', async (table, sentence, next) => {
    const context = contextFor(db.target(), home);
    const refused = planBackup(context, { table: [table], dir: home });
    await expect(refused).rejects.toThrow(sentence);
    if (next) await expect(refused).rejects.toMatchObject({ next: expect.stringMatching(next) });
  });

  test('a name that stands for two tables is refused', async () => {
    const session = await client(db.target());
    await session.sql('CREATE TABLE public.customers (id int)');
    const context = contextFor(db.target(), home);
    await expect(planBackup(context, { table: ['customers'], dir: home })).rejects.toThrow(
      'The name customers stands for 2 tables: "app"."customers", "public"."customers".',
    );
    await session.sql('DROP TABLE public.customers');
  });
});

test('chosen schemas', async () => {
  const { filled, made } = await roundTrip({ schema: ['we,ird"q', '混合 Schéma'] });
  expect(filled).toEqual(['we,ird"q.Mixed Case.UserAccounts', '混合 Schéma.用户 表']);
  expect(made.manifest).toMatchObject({ scope: 'schemas', chosen: ['"we,ird""q"', '"混合 Schéma"'] });
});

test('definitions only', async () => {
  const { filled, made, restored } = await roundTrip({ schema_only: true });
  expect(filled).toEqual([]);
  expect([...restored.keys()].filter((name) => name !== 'app.sales').length).toBe(all.size - 1);
  expect(made.manifest).toMatchObject({ scope: 'schema_only', large_objects: 0 });
});

test('rows only, of one table', async () => {
  const repository = join(home, 'data-only');
  const context = contextFor(db.target(), home);
  const plan = await planBackup(context, { data_only: true, table: ['app.orders'], dir: repository });
  expect(plan.steps[1]?.preview).toContain('--strict-names');
  const { end } = await carryOut(plan, context);
  expect(end.ok).toBe(true);
  const { manifest } = await onlyBackup(repository);
  const tables = (manifest as { tables: { name: string; rows: number }[] }).tables;
  expect(tables.map(({ name, rows }) => [name, rows])).toEqual([
    ['orders_2025', all.get('app.orders_2025')],
    ['orders_2026_north', all.get('app.orders_2026_north')],
    ['orders_2026_rest', all.get('app.orders_2026_rest')],
  ]);
});

test.each([
  [{ schema_only: true, data_only: true }, '--schema-only and --data-only exclude each other'],
  [{ all_databases: true, database: ['x'] }, '--database and --all-databases exclude each other'],
  [{ all_databases: true, table: ['x'] }, 'Schemas and tables can be chosen in one database only'],
  [{ format: 'custom', jobs: 4 }, 'The custom format is written by one process\\.'],
  [{ jobs: 4 }, 'The custom format is written by one process, and it is what is made when none is given'],
  [{ compress: 'brotli' }, '--compress brotli is not understood'],
  [{ compress: 'gzip:12' }, 'The highest level of gzip is 9'],
  [{ compress: 'zstd' }, 'pg_dump 15.* cannot write the custom format with zstd'],
  [{ database: ['no such'] }, 'There is no database no such on this server'],
])('%j is refused', async (input, sentence) => {
  const context = contextFor(db.target(), home);
  const planned = planBackup(context, { ...input, dir: home });
  await expect(planned).rejects.toThrow(new RegExp(sentence));
});
