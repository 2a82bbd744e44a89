import { afterAll, beforeAll, expect, test } from 'vitest';
import { tableDead, tableExactSizes, tableSizes, tableStats } from '../../../src/db/queries/relations.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { app, begin, monitor, publish } from './session.ts';

let db: TestDatabase;
let oid: number;

beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    'CREATE TABLE filled (id int PRIMARY KEY, body text) WITH (autovacuum_enabled = off, autovacuum_vacuum_scale_factor = 0.1)',
    "INSERT INTO filled SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i",
  );
  // in a session of its own: one that inserts publishes its rows after its VACUUM, which counts them again
  await publish(db, 'VACUUM ANALYZE filled');
  await publish(
    db,
    'DELETE FROM filled WHERE id <= 1000',
    'UPDATE filled SET body = body WHERE id = 1001',
    // VACUUM FULL writes past the buffers, so that the next query reads from disk
    'CREATE TABLE rewritten AS SELECT generate_series(1, 500) AS id',
    'VACUUM FULL rewritten',
    'SELECT count(*) FROM rewritten',
    // nobody analyses it while it is looked at
    'CREATE TABLE fresh WITH (autovacuum_enabled = off) AS SELECT generate_series(1, 20000) AS id',
    'CREATE TABLE toasted (id int, body text)',
    'ALTER TABLE toasted ALTER body SET STORAGE EXTERNAL',
    "INSERT INTO toasted SELECT 1, repeat('y', 100000)",
    'VACUUM toasted',
    'CREATE TABLE parts (id int) PARTITION BY RANGE (id)',
    'CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10000)',
    'CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10000) TO (20000) PARTITION BY RANGE (id)',
    'CREATE TABLE parts_2_1 PARTITION OF parts_2 FOR VALUES FROM (10000) TO (20000)',
    'INSERT INTO parts SELECT generate_series(0, 19999)',
    'VACUUM ANALYZE parts_1',
    'VACUUM ANALYZE parts_2_1',
  );
  const admin = await client(db.target());
  oid = Number((await admin.sql("SELECT 'filled'::regclass::oid AS oid"))[0]?.oid);
});
afterAll(() => db.drop());

test('the biggest tables come first, with heap, indexes and TOAST apart', async () => {
  const session = await monitor(db);
  const rows = await until(
    async () => {
      const rows = await session.run(tableSizes, { limit: 100 });
      // before 15 counters come later than the table
      return rows.some((r) => r.relname === 'fresh' && r.est_rows !== null) && rows;
    },
    { what: 'the table that was never analysed' },
  );
  const filled = rows.find((r) => r.relname === 'filled');
  expect(filled).toMatchObject({ oid, schemaname: 'public', est_rows: 5000 });
  const [real] = await session.sql(
    'SELECT pg_relation_size($1::oid)::float8 AS heap, pg_indexes_size($1::oid)::float8 AS indexes',
    [oid],
  );
  expect(filled?.est_index_bytes).toBe(real?.indexes);
  // the update after the VACUUM may have taken one more block
  expect(Number(real?.heap) - (filled?.est_heap_bytes ?? 0)).toBeLessThanOrEqual(8192);
  expect(filled?.est_total_bytes).toBe((filled?.est_heap_bytes ?? 0) + (filled?.est_index_bytes ?? 0));
  const toasted = rows.find((r) => r.relname === 'toasted');
  // heap, indexes, and the rest is TOAST
  const { est_total_bytes = 0, est_heap_bytes = 0, est_index_bytes = 0 } = toasted ?? {};
  expect(est_total_bytes - est_heap_bytes - est_index_bytes).toBeGreaterThan(100_000);
  expect(rows.find((r) => r.relname === 'fresh')?.est_rows).toBe(20_000);
  expect(rows.every((r) => !r.schemaname.startsWith('pg_'))).toBe(true);
  const [first] = await session.run(tableSizes, { limit: 1 });
  expect(first?.relname).toBe('fresh');
});

test('exact sizes are those of the size functions, and a dropped table has none', async () => {
  const session = await monitor(db);
  const [row, gone] = await session.run(tableExactSizes, { oids: [oid, 4_000_000_000] });
  const [real] = await session.sql(
    'SELECT pg_total_relation_size($1::oid)::float8 AS total_bytes, pg_table_size($1::oid)::float8 AS table_bytes, pg_indexes_size($1::oid)::float8 AS index_bytes',
    [oid],
  );
  expect(row).toEqual({ oid, ...real, busy: false });
  expect(gone).toEqual({
    oid: 4_000_000_000,
    total_bytes: null,
    table_bytes: null,
    index_bytes: null,
    busy: false,
  });
});

test('a table whose exclusive lock is held or only awaited is left alone', async () => {
  const session = await monitor(db);
  const reader = await app(db);
  await reader.sql('BEGIN');
  await reader.sql('SELECT 1 FROM filled LIMIT 1');
  const writer = await app(db);
  await writer.sql('BEGIN');
  const locked = begin(writer, 'LOCK TABLE filled');
  const awaited = await until(
    async () => {
      const [row] = await session.run(tableExactSizes, { oids: [oid] });
      return row?.busy && row;
    },
    { what: 'the lock awaited' },
  );
  expect(awaited.total_bytes).toBeNull();
  await reader.sql('COMMIT');
  await locked;
  expect(await session.run(tableExactSizes, { oids: [oid] })).toEqual([awaited]);
  expect((await session.run(tableSizes, { limit: 100 })).some((r) => r.oid === oid)).toBe(true);
  await writer.sql('ROLLBACK');
});

test('counters tell live and dead rows, writes and the last VACUUM', async () => {
  const session = await monitor(db);
  const [row] = await until(
    async () => {
      const rows = await session.run(tableStats, { oids: [oid] });
      return rows[0]?.n_dead_tup === 1001 && rows;
    },
    { what: '1,001 dead rows' },
  );
  expect(row).toMatchObject({
    relid: oid,
    schemaname: 'public',
    relname: 'filled',
    n_live_tup: 4000,
    n_tup_ins: 5000,
    n_tup_del: 1000,
    n_tup_upd: 1,
    vacuum_at: 550,
    n_mod_since_analyze: 1001,
    vacuum_count: 1,
    autovacuum_count: 0,
    last_autovacuum: null,
  });
  expect(row?.vacuum_age_seconds).toBeGreaterThan(0);
  expect(row?.vacuum_age_seconds).toBeLessThan(120);
  expect(row?.last_vacuum).toMatch(/^\d{4}-\d\d-\d\d .*\+00$/);
  expect(row?.idx_scan).toBeGreaterThan(0);
  if (session.server.major >= 16) expect(row?.last_idx_scan).toMatch(/\+00$/);
  else expect(row?.last_idx_scan).toBeNull();
  const never = await session.run(tableStats, { oids: await oidsOf(session, 'fresh') });
  expect(never[0]).toMatchObject({ vacuum_age_seconds: null, last_vacuum: null, idx_scan: null });
  expect(await session.run(tableStats, { oids: [] })).toEqual([]);
});

async function oidsOf(session: Awaited<ReturnType<typeof monitor>>, name: string): Promise<number[]> {
  const rows = await session.sql('SELECT oid FROM pg_class WHERE relname = $1', [name]);
  return rows.map((row) => Number(row.oid));
}

test('the table with the most dead rows is found among all', async () => {
  const session = await monitor(db);
  const [row] = await until(
    async () => {
      const rows = await session.run(tableDead, { limit: 1 });
      return rows.length > 0 && rows;
    },
    { what: 'dead rows' },
  );
  expect(row).toEqual({ relid: oid, n_dead_tup: 1001 });
});
