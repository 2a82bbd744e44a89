import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { staleStatistics } from '../../../src/health/checks/stale-statistics.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    'CREATE TABLE loaded (id int) WITH (autovacuum_enabled = off)',
    'INSERT INTO loaded SELECT generate_series(1, 3000)',
    'CREATE TABLE parts (id int) PARTITION BY RANGE (id)',
    'CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (9000) WITH (autovacuum_enabled = off)',
    'INSERT INTO parts SELECT generate_series(1, 3000)',
  );
  await publish(db, 'ANALYZE parts_1');
});
afterAll(() => db.drop());

const seen = () => lookAt(db.target(), { checks: [staleStatistics] });

test('tables that were never analysed are found, partitioned ones too, and no more after ANALYZE', async () => {
  expect((await seen()).findings).toMatchObject([
    {
      id: 'stale_statistics:loaded',
      severity: 'warning',
      title: 'loaded was never analysed: 3.0k rows came or changed.',
      evidence: expect.stringContaining(
        'no ANALYZE is known; autovacuum allows 50 changed rows; autovacuum is switched off',
      ),
      remedy: { operation: 'analyze', input: { table: ['public.loaded'] } },
    },
    // 13 does not note when a partitioned table was analysed
    ...(inject('postgres').major < 14
      ? []
      : [
          {
            id: 'stale_statistics:parts',
            title: 'The partitioned table parts was never analysed.',
            remedy: { operation: 'analyze', input: { table: ['public.parts'] } },
          },
        ]),
  ]);
  await publish(db, 'ANALYZE loaded, parts');
  expect(await seen()).toMatchObject({ findings: [], unknown: [] });
});

test('statistics of rows that have changed since are old, once autovacuum had its turn', async () => {
  await publish(db, 'UPDATE loaded SET id = id + 1 WHERE id <= 1200');
  expect((await seen()).findings).toEqual([]);
  await publish(db, "ALTER SYSTEM SET autovacuum_naptime = '1s'", 'SELECT pg_reload_conf()');
  try {
    const found = async () => (await seen()).findings;
    await expect.poll(found, { timeout: 5000 }).toMatchObject([
      {
        id: 'stale_statistics:loaded',
        severity: 'info',
        title: '1.2k rows of loaded changed since its statistics were made.',
      },
    ]);
    await publish(db, 'UPDATE loaded SET id = id + 1');
    // what 13 and 14 count comes a moment later
    await expect.poll(found, { timeout: 5000 }).toMatchObject([{ severity: 'warning' }]);
    await publish(db, 'ANALYZE loaded');
    await expect.poll(found, { timeout: 5000 }).toEqual([]);
  } finally {
    await publish(db, 'ALTER SYSTEM RESET autovacuum_naptime', 'SELECT pg_reload_conf()');
  }
});
