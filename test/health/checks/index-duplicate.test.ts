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
    'CREATE TABLE "Orders" (id int PRIMARY KEY, customer int)',
    'CREATE INDEX "By customer" ON "Orders" (customer)',
    'CREATE INDEX "order" ON "Orders" (customer)',
    'INSERT INTO "Orders" SELECT i, i FROM generate_series(1, 10000) i',
  );
});
afterAll(() => db.drop());

test('an index that another one equals is found, and no more once it is dropped', async () => {
  const found = await lookAt(db.target(), { checks: [indexDuplicate] });
  expect(found.findings).toMatchObject([
    {
      id: 'index_duplicate:order',
      severity: 'warning',
      // an empty one has a page, whatever came since
      title: 'order (size not known yet) on "Orders" is the same index as "By customer".',
      remedy: { operation: 'indexes drop', input: { index: ['public.order'] } },
    },
  ]);
  expect(found.findings[0]).not.toHaveProperty('value');
  await publish(db, 'ANALYZE "Orders"');
  const [sized] = (await lookAt(db.target(), { checks: [indexDuplicate] })).findings;
  expect(sized?.value).toBeGreaterThan(8192);
  await publish(db, 'DROP INDEX "order"');
  expect((await lookAt(db.target(), { checks: [indexDuplicate] })).findings).toEqual([]);
});
