import { afterAll, beforeAll, expect, test } from 'vitest';
import { autovacuumOff } from '../../../src/health/checks/autovacuum-off.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const found = async () => (await lookAt(db.target(), { checks: [autovacuumOff] })).findings;

test('a table for which autovacuum is switched off is found, its TOAST table too, until that is reset', async () => {
  await publish(
    db,
    'CREATE TABLE audit (id int, t text) WITH (autovacuum_enabled = off)',
    'INSERT INTO audit SELECT generate_series(1, 2000)',
    'CREATE TABLE files (id int, t text) WITH (toast.autovacuum_enabled = false)',
    // a table like all others
    'CREATE TABLE plain (id int, t text) WITH (autovacuum_vacuum_threshold = 10)',
  );
  await publish(db, 'ANALYZE audit');
  expect(await found()).toMatchObject([
    {
      id: 'autovacuum_off:audit',
      severity: 'warning',
      remedy: { sql: 'ALTER TABLE "public"."audit" RESET (autovacuum_enabled)' },
    },
    {
      id: 'autovacuum_off:files',
      severity: 'info',
      title: 'Autovacuum is switched off for the TOAST table of files.',
      remedy: { sql: 'ALTER TABLE "public"."files" RESET (toast.autovacuum_enabled)' },
    },
  ]);
  await publish(
    db,
    'ALTER TABLE "public"."audit" RESET (autovacuum_enabled)',
    'ALTER TABLE files RESET (toast.autovacuum_enabled)',
  );
  expect(await found()).toEqual([]);
});

test('a table that was never looked at has no known number of rows, not 0', async () => {
  await publish(
    db,
    'CREATE TABLE unseen (id int) WITH (autovacuum_enabled = off)',
    'INSERT INTO unseen SELECT generate_series(1, 5000)',
  );
  expect(await found()).toMatchObject([
    {
      severity: 'warning',
      evidence: expect.stringContaining('never vacuumed or analysed: 5.0k changes and 0 dead rows'),
    },
  ]);
  await publish(db, 'DROP TABLE unseen');
});

test('autovacuum that is off for the server is found, and clears at a reload', async () => {
  await publish(db, 'ALTER SYSTEM SET autovacuum = off', 'SELECT pg_reload_conf()');
  try {
    await expect.poll(found).toMatchObject([
      {
        id: 'autovacuum_off',
        severity: 'alert',
        remedy: { sql: 'ALTER SYSTEM SET autovacuum = on; SELECT pg_reload_conf()' },
      },
    ]);
  } finally {
    await publish(db, 'ALTER SYSTEM RESET autovacuum', 'SELECT pg_reload_conf()');
  }
  await expect.poll(found).toEqual([]);
});
