import { afterAll, beforeAll, expect, test } from 'vitest';
import { indexDuplicate } from '../../../src/health/checks/index-duplicate.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    'CREATE TABLE orders (id int PRIMARY KEY, customer int)',
    'CREATE INDEX by_customer ON orders (customer)',
    'CREATE INDEX "order" ON orders (customer)',
  );
});
afterAll(() => db.drop());

test('an index that another one equals is found, and no more once it is dropped', async () => {
  const found = await lookAt(db.target(), { checks: [indexDuplicate] });
  expect(found.findings).toMatchObject([
    {
      id: 'index_duplicate:order',
      severity: 'warning',
      remedy: { sql: 'DROP INDEX CONCURRENTLY "public"."order"' },
    },
  ]);
  await publish(db, 'DROP INDEX "order"');
  expect((await lookAt(db.target(), { checks: [indexDuplicate] })).findings).toEqual([]);
});
