import { afterAll, beforeAll, expect, test } from 'vitest';
import { indexInvalid } from '../../../src/health/checks/index-invalid.ts';
import { indexUnused } from '../../../src/health/checks/index-unused.ts';
import { app, begin, publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    'CREATE TABLE "Twice" (id int, n int)',
    'INSERT INTO "Twice" VALUES (1), (1)',
    'CREATE TABLE parts (id int) PARTITION BY RANGE (id)',
    'CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10)',
  );
});
afterAll(() => db.drop());

const seen = (thresholds = {}) => lookAt(db.target(), { checks: [indexInvalid], thresholds });
const found = async () => (await seen()).findings;

test('an invalid index is found with what cures it, while nobody builds it', async () => {
  const builder = await app(db);
  expect(await begin(builder, 'CREATE UNIQUE INDEX CONCURRENTLY broken ON "Twice" (id)')).toBeDefined();
  await expect.poll(found, { timeout: 10_000 }).toMatchObject([
    {
      id: 'index_invalid:broken',
      severity: 'warning',
      title: 'broken on "Twice" is invalid: its CREATE INDEX or REINDEX CONCURRENTLY failed.',
      value: 1,
      unit: 'count',
      remedy: { operation: 'reindex', input: { index: ['public.broken'] } },
    },
  ]);
  // a VACUUM holds the same lock as who builds an index
  const vacuum = await app(db);
  await vacuum.sql('SET vacuum_cost_delay = 100');
  await vacuum.sql('SET vacuum_cost_limit = 1');
  const vacuuming = begin(vacuum, 'VACUUM "Twice"');
  const admin = await app(db);
  await until(async () => (await admin.sql('SELECT 1 FROM pg_stat_progress_vacuum')).length > 0, {
    what: 'a VACUUM',
  });
  expect(await found()).toHaveLength(1);
  await vacuuming;
  await publish(db, 'DROP INDEX broken');

  const writer = await app(db);
  await writer.sql('BEGIN');
  await writer.sql('INSERT INTO "Twice" VALUES (2)');
  const built = begin(builder, 'CREATE INDEX CONCURRENTLY waiting ON "Twice" (n)');
  await until(async () => (await admin.sql('SELECT 1 FROM pg_index WHERE NOT indisvalid')).length > 0, {
    what: 'an index being built',
  });
  expect(await found()).toEqual([]);
  await writer.sql('COMMIT');
  await built;
  expect(await seen()).toMatchObject({ findings: [], coverage: 100 * 0.03 });
});

test('a copy of REINDEX goes, and the index of a partitioned table wants its partitions', async () => {
  await publish(
    db,
    'CREATE INDEX whole ON ONLY parts (id)',
    'CREATE INDEX by_n_ccnew ON "Twice" (n)',
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'by_n_ccnew'::regclass",
  );
  const findings = await found();
  expect(findings.map(({ title }) => title)).toEqual([
    'by_n_ccnew on "Twice" is invalid: the new copy of a REINDEX CONCURRENTLY that failed.',
    'whole on parts is invalid: a partition has no index that is attached to it.',
  ]);
  expect(findings[0]?.remedy).toMatchObject({ cost: expect.stringContaining('dropped CONCURRENTLY') });
  expect(findings[1]?.remedy).toMatchObject({ advice: expect.stringContaining('ATTACH PARTITION') });
  await publish(
    db,
    'DROP INDEX by_n_ccnew',
    'CREATE INDEX part ON parts_1 (id)',
    'ALTER INDEX whole ATTACH PARTITION part',
  );
  expect(await found()).toEqual([]);
});

test('an index without a scan is told, and is a fault once it is big and scans were counted for days', async () => {
  const unused = (days: number) =>
    lookAt(db.target(), {
      checks: [indexInvalid, indexUnused],
      thresholds: { unused_index_days: days },
    });
  await publish(
    db,
    'CREATE TABLE parent (id int PRIMARY KEY)',
    'CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES parent, note text, code int UNIQUE)',
    'CREATE INDEX "By note" ON orders (note)',
    'CREATE INDEX by_customer ON orders (customer)',
    'CREATE INDEX by_lower ON orders (lower(note))',
    'CREATE INDEX small ON orders (id, note)',
    "INSERT INTO orders SELECT i, NULL, 'n' || i, i FROM generate_series(1, 1000) i",
    'ANALYZE orders',
    // sizes are as VACUUM and ANALYZE note them
    `UPDATE pg_class SET relpages = 13000 WHERE relname IN ('By note', 'by_customer', 'by_lower', 'orders_pkey', 'orders_code_key')`,
  );
  const young = await unused(7);
  expect(young.findings.map(({ id, severity }) => [id, severity])).toEqual([
    ['index_unused:"By note"', 'info'],
    ['index_unused:by_customer', 'info'],
    ['index_unused:by_lower', 'info'],
  ]);
  expect(young.findings[0]?.remedy).toMatchObject({ advice: expect.stringContaining('public."By note"') });
  expect(young.categories.find(({ id }) => id === 'indexes')?.score).toBe(100);
  const old = await unused(0);
  expect(old.findings).toMatchObject([
    {
      id: 'index_unused:"By note"',
      severity: 'warning',
      remedy: { operation: 'indexes drop', input: { index: ['public."By note"'] } },
    },
    { severity: 'info', evidence: expect.stringContaining('foreign key') },
    { severity: 'info', evidence: expect.stringContaining('statistics of its expressions') },
  ]);
  expect(old.categories.find(({ id }) => id === 'indexes')?.score).toBe(80);
  // of two that do the same work one is a duplicate, and the other has to stay while nobody scans either
  await publish(db, 'CREATE INDEX by_note_and_id ON orders (note, id)');
  expect(await unused(0)).toMatchObject({
    findings: [{ id: 'index_unused:by_customer' }, { id: 'index_unused:by_lower' }],
  });
  await publish(db, "UPDATE pg_class SET relpages = 13000 WHERE relname = 'by_note_and_id'");
  expect((await unused(0)).findings).toMatchObject([
    { id: 'index_unused:by_customer' },
    { id: 'index_unused:by_lower' },
    {
      id: 'index_unused:by_note_and_id',
      severity: 'info',
      evidence: expect.stringContaining('the work of "By note" too'),
    },
  ]);
  await publish(
    db,
    'DROP INDEX by_note_and_id',
    'SET enable_seqscan = off',
    'SET enable_bitmapscan = off',
    "SELECT 1 FROM orders WHERE note = 'x'",
    'DROP INDEX by_customer, by_lower',
  );
  expect((await unused(0)).findings).toEqual([]);
});
