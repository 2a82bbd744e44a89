import { afterAll, beforeAll, expect, test } from 'vitest';
import { indexUsage } from '../../../src/health/checks/index-usage.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const found = async (index_usage_ratio = 0.1) =>
  (await lookAt(db.target(), { checks: [indexUsage], thresholds: { index_usage_ratio } })).findings;
const times = (n: number, sql: string) => publish(db, ...Array.from({ length: n }, () => sql));

test('a table that is read whole again and again is told, by the share of its scans, and not a small one', async () => {
  await publish(
    db,
    'CREATE TABLE orders (id int PRIMARY KEY, note text)',
    'INSERT INTO orders SELECT generate_series(1, 2000)',
    'CREATE TABLE small (id int)',
    'INSERT INTO small SELECT generate_series(1, 500)',
  );
  // the building of its primary key is one too
  await times(8, 'SELECT count(note) FROM orders');
  expect(await found()).toEqual([]);
  await times(11, 'SELECT count(note) FROM orders');
  await times(20, 'SELECT count(id) FROM small');
  expect(await found()).toMatchObject([
    {
      id: 'index_usage:orders',
      severity: 'info',
      value: 0,
      threshold: 0.1,
      evidence: expect.stringMatching(/: 20 scans without an index read 1\.9k rows each, 0 used one\.$/),
    },
  ]);
  await times(5, 'SET enable_seqscan = off; SELECT * FROM orders WHERE id = 7');
  expect(await found()).toEqual([]);
  expect(await found(0.5)).toMatchObject([{ title: 'Only 20.0% of the scans of orders used an index.' }]);
});
