import { afterAll, beforeAll, expect, test } from 'vitest';
import { foreignKeyUnindexed } from '../../../src/health/checks/foreign-key-unindexed.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    'CREATE TABLE parent (a int, b int, PRIMARY KEY (a, b))',
    'CREATE TABLE single (id int PRIMARY KEY)',
    'INSERT INTO parent SELECT i, i FROM generate_series(1, 100) i',
    'INSERT INTO single SELECT generate_series(1, 100)',
  );
});
afterAll(() => db.drop());

const found = async () =>
  (await lookAt(db.target(), { checks: [foreignKeyUnindexed] })).findings.map(({ id, severity, remedy }) => [
    id.replace('foreign_key_unindexed:', ''),
    severity,
    'operation' in remedy ? remedy.input : 'advice',
  ]);
const rows = (table: string, columns: string) =>
  `INSERT INTO ${table} SELECT ${columns} FROM generate_series(1, 1000) i`;

test('a key without an index is told, and is a fault once rows of its parent are deleted', async () => {
  await publish(
    db,
    // a visit of autovacuum would make its size known
    'CREATE TABLE "Items" (x int, "B" int, a int, FOREIGN KEY (a, "B") REFERENCES parent) WITH (autovacuum_enabled = false)',
    rows('"Items"', '1, 1 + i % 50, 1 + i % 50'),
    'CREATE TABLE few (s int REFERENCES single)',
    'INSERT INTO few VALUES (1)',
  );
  const input = { table: 'public."Items"', columns: ['a', '"B"'] };
  expect(await found()).toEqual([['"Items"(a,"B")', 'info', input]]);
  const [told] = (await lookAt(db.target(), { checks: [foreignKeyUnindexed] })).findings;
  expect(told?.evidence).toContain('about 1.0k rows (size not known yet), as counted');
  await publish(db, 'DELETE FROM parent WHERE a > 90');
  expect((await found())[0]?.[1]).toBe('warning');
  await publish(
    db,
    'CREATE INDEX not_first ON "Items" (x, a, "B")',
    'CREATE INDEX partial ON "Items" (a, "B") WHERE x > 5',
  );
  expect(await found()).toHaveLength(1);
  // one that begins with a column of it may do
  await publish(db, 'CREATE INDEX partly ON "Items" ("B")');
  expect((await found())[0]?.[1]).toBe('info');
  // in any order, and with more behind them
  await publish(db, 'CREATE INDEX "any" ON "Items" ("B", a, x)');
  expect(await found()).toEqual([]);
});

test('rows that refer to nothing need not be in the index', async () => {
  await publish(
    db,
    'CREATE TABLE optional (id int, s int REFERENCES single)',
    rows('optional', 'i, 1 + i % 50'),
    'CREATE INDEX wrong ON optional (s) WHERE id IS NOT NULL',
    'CREATE INDEX none ON optional (s) WHERE s IS NULL',
  );
  expect(await found()).toMatchObject([['optional(s)', 'info', { columns: ['s'] }]]);
  await publish(db, 'CREATE INDEX right_one ON optional (s) WHERE s IS NOT NULL');
  expect(await found()).toEqual([]);
});

test('partitions are judged each, and told as one table; a key to a partitioned table is one', async () => {
  await publish(
    db,
    'CREATE TABLE years (y int PRIMARY KEY) PARTITION BY RANGE (y)',
    'CREATE TABLE years_1 PARTITION OF years FOR VALUES FROM (0) TO (50)',
    'CREATE TABLE years_2 PARTITION OF years FOR VALUES FROM (50) TO (100)',
    'INSERT INTO years SELECT generate_series(0, 99)',
    'CREATE TABLE sales (s int REFERENCES single, y int REFERENCES years) PARTITION BY RANGE (s)',
    'CREATE TABLE sales_1 PARTITION OF sales FOR VALUES FROM (0) TO (50)',
    'CREATE TABLE sales_2 PARTITION OF sales FOR VALUES FROM (50) TO (101)',
    rows('sales', '1 + i % 40, i % 100'),
    rows('sales', '60 + i % 40, i % 100'),
    'CREATE INDEX ON sales_1 (s)',
    'CREATE INDEX ON sales_1 (y)',
  );
  expect((await found()).map(([id]) => id)).toEqual(['sales(s)', 'sales(y)']);
  await publish(db, 'CREATE INDEX ON sales_2 (s)', 'CREATE INDEX ON sales_2 (y)');
  expect(await found()).toEqual([]);
});
