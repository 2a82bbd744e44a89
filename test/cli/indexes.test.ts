import { afterAll, beforeAll, expect, test } from 'vitest';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../support/program.ts';

let db: TestDatabase;
let env: Record<string, string>;
const home = temporaryDirectory();

beforeAll(async () => {
  db = await testDatabase();
  const { host, port } = db.target();
  env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGDATABASE: db.database,
  });
  const session = await client(db.target());
  for (const sql of [
    'CREATE TABLE customers (id int PRIMARY KEY, city text)',
    "INSERT INTO customers SELECT i, 'c' || i FROM generate_series(1, 5000) i",
    'CREATE TABLE "Orders" (id int PRIMARY KEY, customer int REFERENCES customers, note text)',
    'INSERT INTO "Orders" SELECT i, 1 + i % 5000, i::text FROM generate_series(1, 20000) i',
    'CREATE INDEX by_note ON "Orders" (note)',
    'CREATE INDEX by_note_again ON "Orders" (note)',
    'VACUUM ANALYZE',
  ])
    await session.sql(sql);
  await session.sql('SELECT * FROM "Orders" WHERE customer = $1', [5]);
  await session.sql('SELECT * FROM customers WHERE city = $1', ['c5']);
});
afterAll(() => db.drop());

test('advice as JSON: one entry for a foreign key that statements want too', async () => {
  const { code, stdout } = await pgdeckHere(['indexes', 'advise', '--json'], env);
  expect(code).toBe(0);
  const { advice, total, statements, standby, stats_since } = JSON.parse(stdout);
  expect({ total, standby }).toEqual({ total: advice.length, standby: false });
  expect(statements.read).toBeGreaterThan(2);
  expect(stats_since === null || Date.parse(stats_since) > 0).toBe(true);
  const about = advice.map(({ kind, table, index, keys }: Record<string, unknown>) => [
    kind,
    table,
    index,
    keys,
  ]);
  expect(about).toEqual(
    expect.arrayContaining([
      ['duplicate', 'Orders', 'by_note_again', []],
      ['unused', 'Orders', 'by_note', []],
      ['missing', 'Orders', null, ['"customer"']],
      ['missing', 'customers', null, ['"city"']],
    ]),
  );
  expect(about).toHaveLength(4);
  const missing = advice.find(
    ({ kind, table }: Record<string, string>) => kind === 'missing' && table === 'Orders',
  );
  expect(missing.reasons).toEqual([
    expect.stringMatching(/^In 1 statement rows are looked for by it: 1 call, /),
    expect.stringMatching(/the foreign key "?Orders_customer_fkey"? to customers has none\.$/),
  ]);
  expect(missing.trial).toMatchObject({ status: 'not_tested' });
  expect(missing.remedy).toMatchObject({
    operation: 'indexes create',
    text: `pgdeck indexes create --table 'public."Orders"' --columns customer`,
  });
});

test('as text, of one table, with a limit', async () => {
  const { code, stdout } = await pgdeckHere(['indexes', 'advise', '--table', 'customers'], env);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^1 piece of advice: 1 missing\.$/m);
  expect(stdout).toMatch(/^ {2}No index of public\.customers begins with \("city"\)\.$/m);
  expect(stdout).toMatch(/^ {2}Not tested: hypopg is not installed in this database/m);
  expect(stdout).toMatch(/^ {2}Fix: pgdeck indexes create --table public\.customers --columns city$/m);
  const short = await pgdeckHere(['indexes', 'advise', '--limit', '1'], env);
  expect(short.stdout).toMatch(/^and 3 more: --limit 4$/m);
  expect(await pgdeckHere(['indexes', 'advise', '--table', 'custmers'], env)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean customers?'),
  });
  expect((await pgdeckHere(['indexes', 'advise', '--limit', 'x'], env)).code).toBe(2);
});

test('what is advised can be done as it is told, and is not advised again', async () => {
  const made = await pgdeckHere(
    ['indexes', 'create', '--table', 'public."Orders"', '--columns', 'customer', '--yes'],
    env,
  );
  expect(made).toMatchObject({ code: 0 });
  const dropped = await pgdeckHere(['indexes', 'drop', '--index', 'by_note_again', '--yes'], env);
  expect(dropped).toMatchObject({ code: 0 });
  const { stdout } = await pgdeckHere(['indexes', 'advise', '--json', '--table', '"Orders"'], env);
  const kinds = JSON.parse(stdout).advice.map(({ kind, index }: Record<string, string>) => [kind, index]);
  expect(kinds).toEqual(expect.not.arrayContaining([['missing', null]]));
  expect(kinds).toEqual(expect.arrayContaining([['unused', 'by_note']]));
});

test('where the statements are not counted it is said what lacks', async () => {
  const session = await client(db.target());
  await session.sql('DROP EXTENSION pg_stat_statements');
  const { code, stdout } = await pgdeckHere(['indexes', 'advise', '--json'], env);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    statements: null,
    not_known: [
      expect.stringMatching(
        /^What statements look for: pg_stat_statements is loaded, and the database \S+ lacks .* To see it: CREATE EXTENSION/,
      ),
    ],
  });
});
