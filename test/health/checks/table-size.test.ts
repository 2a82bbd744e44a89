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
    'CREATE TABLE unseen (id int)',
    'INSERT INTO unseen SELECT generate_series(1, 20000)',
  );
  const at = (table_size_bytes: number) =>
    lookAt(db.target(), { checks: [tableSize], thresholds: { table_size_bytes } });
  const found = await at(300_000);
  expect(found.findings).toMatchObject([
    { id: 'table_size:orders', severity: 'info', threshold: 300_000, title: 'orders takes 360 kB.' },
  ]);
  expect(found.unknown).toMatchObject([
    { reason: expect.stringContaining('(unseen)'), remedy: 'ANALYZE "public"."unseen"' },
  ]);
  await publish(db, 'ANALYZE unseen');
  expect(await at(10 ** 6)).toMatchObject({ findings: [], unknown: [] });
});
