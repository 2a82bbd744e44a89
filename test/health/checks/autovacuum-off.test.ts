import { afterAll, beforeAll, expect, test } from 'vitest';
import { activityPoll } from '../../../src/db/queries/activity.ts';
import { foreignKeyUnindexedPoll } from '../../../src/db/queries/foreign-keys.ts';
import { indexDuplicatePoll, indexUnusedRarePoll } from '../../../src/db/queries/indexes.ts';
import { tableBloatPoll } from '../../../src/db/queries/maintain/bloat.ts';
import { maintainDuePoll } from '../../../src/db/queries/maintain/due.ts';
import type { Check } from '../../../src/health/check.ts';
import { autovacuumOff } from '../../../src/health/checks/autovacuum-off.ts';
import { bloat } from '../../../src/health/checks/bloat.ts';
import { foreignKeyUnindexed } from '../../../src/health/checks/foreign-key-unindexed.ts';
import { idleInTransaction } from '../../../src/health/checks/idle-in-transaction.ts';
import { indexDuplicate } from '../../../src/health/checks/index-duplicate.ts';
import { indexUnused } from '../../../src/health/checks/index-unused.ts';
import { staleStatistics } from '../../../src/health/checks/stale-statistics.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { assessed, type Rows, rowsOf } from '../facts.ts';
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

test('where more is wrong than is read, how much there is is told', () => {
  const given = (check: Check, ...rows: Rows) => assessed([check], [rows]).findings[0]?.evidence;
  const one = { schema: 'public', name: 't', rows: 1, dead: 0, mods: 0, vacuum_age_seconds: 1, may: true };
  const off = { ...one, off: true, enabled: false, toast_enabled: true };
  const cut = / Of 2\.0k such (tables|indexes|keys) the 1 worst are told\.$/;
  expect(given(autovacuumOff, rowsOf(maintainDuePoll, { ...off, off_tables: 2000 }))).toMatch(cut);
  expect(given(autovacuumOff, rowsOf(maintainDuePoll, { ...off, off_tables: 1 }))).not.toMatch(cut);
  const parent = { ...one, unseen: true, lost_tables: 0, unseen_tables: 2000 };
  expect(given(staleStatistics, rowsOf(maintainDuePoll, parent))).toMatch(cut);
  const index = { schemaname: 'public', relname: 't', indexrelname: 'i', est_bytes: 1e6, of: 2000 };
  expect(given(indexDuplicate, rowsOf(indexDuplicatePoll, { ...index, kept: 'k' }))).toMatch(cut);
  expect(given(indexUnused, rowsOf(indexUnusedRarePoll, index))).toMatch(cut);
  const key = {
    schemaname: 'public',
    relname: 't',
    columns: ['c'],
    conname: 'k',
    parent: 'p',
    of: 2000,
    parent_deletes: 0,
  };
  expect(given(foreignKeyUnindexed, rowsOf(foreignKeyUnindexedPoll, key))).toMatch(cut);
  const table = { schema: 'public', name: 't', bytes: 1e9, of: 2000, may: true };
  const empty = { bloat_bytes: 9e8, bloat_share: 0.9, dead_share: 0, unknown: null };
  expect(given(bloat, rowsOf(tableBloatPoll, { ...table, ...empty }))).toMatch(
    /biggest tables .* 1 of 2,000\.$/,
  );
  const session = { pid: 1, state: 'idle in transaction', state_seconds: 9999, matching: 2000 };
  expect(given(idleInTransaction, rowsOf(activityPoll, session))).toMatch(
    / Of 2\.0k sessions .* the 1 with /,
  );
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
