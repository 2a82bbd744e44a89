import { afterAll, beforeAll, expect, test } from 'vitest';
import { tableSize } from '../../../src/health/checks/table-size.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('a table that is large by the settings is told, as information', async () => {
  await publish(
    db,
    'CREATE TABLE orders (id int)',
    'INSERT INTO orders SELECT generate_series(1, 10000)',
    'VACUUM ANALYZE orders',
  );
  const at = async (table_size_bytes: number) =>
    (await lookAt(db.target(), { checks: [tableSize], thresholds: { table_size_bytes } })).findings;
  expect(await at(300_000)).toMatchObject([
    { id: 'table_size:orders', severity: 'info', threshold: 300_000, title: 'orders takes 360 kB.' },
  ]);
  expect(await at(400_000)).toEqual([]);
});
