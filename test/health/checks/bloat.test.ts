import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { bloat } from '../../../src/health/checks/bloat.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    'CREATE TABLE "Orders" (id int, note text) WITH (autovacuum_enabled = off)',
    `INSERT INTO "Orders" SELECT i, repeat('n', 700) FROM generate_series(1, 24000) i`,
    'DELETE FROM "Orders" WHERE id % 4 <> 0',
  );
});
afterAll(() => db.drop());

const seen = (role?: string) => lookAt(db.target(role), { checks: [bloat] });

test('a table of which most is empty is found: VACUUM while its rows are dead, a rewrite after that', async () => {
  await publish(db, 'ANALYZE "Orders"');
  const found = {
    id: 'bloat:"Orders"',
    severity: 'warning',
    title: expect.stringMatching(/^About 7\d\.\d% of "Orders" is empty: 1\d MB of 17 MB\.$/),
  };
  expect((await seen()).findings).toMatchObject([
    { ...found, remedy: { operation: 'vacuum', input: { table: ['public."Orders"'] } } },
  ]);
  await publish(db, 'VACUUM "Orders"');
  expect((await seen()).findings).toMatchObject([
    { ...found, remedy: { operation: 'vacuum', input: { table: ['public."Orders"'], full: true } } },
  ]);
});

test('pg_monitor sees no statistics: it is told so, with what shows them', async () => {
  const role = await db.roleWith('pg_monitor');
  expect(await seen(role)).toMatchObject({
    findings: [],
    unknown: [
      {
        reason:
          'The bloat of 1 relation cannot be estimated: the statistics are hidden from this role ("Orders").',
        // a role of 14
        remedy:
          inject('postgres').major >= 14
            ? `GRANT pg_read_all_data TO "${role}"`
            : `GRANT SELECT ON ALL TABLES IN SCHEMA "public" TO "${role}"`,
      },
    ],
  });
});

test('rows that were widened without an ANALYZE give no figure, and a rewrite clears it', async () => {
  await publish(db, `UPDATE "Orders" SET note = repeat('w', 1400)`);
  await publish(db, 'VACUUM "Orders"');
  expect(await seen()).toMatchObject({
    findings: [],
    unknown: [
      {
        reason: expect.stringContaining('which may have made them wider ("Orders")'),
        remedy: 'ANALYZE "public"."Orders"',
      },
    ],
  });
  await publish(db, 'VACUUM (FULL, ANALYZE) "Orders"');
  expect(await seen()).toMatchObject({ findings: [], unknown: [] });
});

test('an index of which most is empty is found, until it is built anew', async () => {
  await publish(
    db,
    'CREATE TABLE keys (key text) WITH (autovacuum_enabled = off)',
    `INSERT INTO keys SELECT i || repeat('k', 1000) FROM generate_series(1, 16000) i`,
    'ALTER TABLE keys ALTER key SET STORAGE PLAIN',
    'CREATE INDEX "By key" ON keys (key)',
    "DELETE FROM keys WHERE left(key, 1) IN ('1', '2', '3')",
  );
  await publish(db, 'VACUUM ANALYZE keys');
  const index = async () => (await seen()).findings.filter(({ object }) => object === '"By key"');
  expect(await index()).toMatchObject([
    { remedy: { operation: 'reindex', input: { index: ['public."By key"'] } } },
  ]);
  await publish(db, 'REINDEX INDEX "By key"');
  expect(await index()).toEqual([]);
});
