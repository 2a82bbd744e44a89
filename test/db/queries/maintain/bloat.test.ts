import { afterAll, beforeAll, expect, test } from 'vitest';
import { tableBloat } from '../../../../src/db/queries/maintain/bloat.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { monitor, publish } from '../session.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  const off = 'WITH (autovacuum_enabled = off';
  const pairs = Array.from({ length: 8 }, (_, i) => `b${i} bool NOT NULL, n${i} int8 NOT NULL`).join(', ');
  await publish(
    db,
    'CREATE EXTENSION pgstattuple',
    `CREATE TABLE padded (${pairs}) ${off})`,
    `INSERT INTO padded SELECT ${Array.from({ length: 8 }, () => 'true, i').join(', ')} FROM generate_series(1, 10000) i`,
    `CREATE TABLE half (id int, t text) ${off})`,
    "INSERT INTO half SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i",
    'DELETE FROM half WHERE id % 2 = 0',
    `CREATE TABLE airy (id int, t text) ${off}, fillfactor = 70)`,
    "INSERT INTO airy SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i",
    `CREATE TABLE numbers (id int, n int) ${off})`,
    'INSERT INTO numbers SELECT i, i FROM generate_series(1, 20000) i',
    'DELETE FROM numbers WHERE id % 2 = 0',
    `CREATE TABLE widened (id int, t text) ${off})`,
    'INSERT INTO widened (id) SELECT generate_series(1, 20000)',
    `CREATE TABLE emptied (a int8, b text, c text, d int) ${off})`,
    "INSERT INTO emptied SELECT i, CASE WHEN i % 2 = 0 THEN 'text ' || i END, repeat('y', i % 60), i FROM generate_series(1, 20000) i",
    'DELETE FROM emptied WHERE a % 4 <> 0',
  );
  await publish(db, 'VACUUM ANALYZE');
});
afterAll(() => db.drop());

const estimates = async () => {
  const rows = await (await monitor(db)).run(tableBloat, { limit: 20 });
  return Object.fromEntries(rows.map(({ name, bloat_share, unknown }) => [name, unknown ?? bloat_share]));
};

test('an estimate is within ten points of what pgstattuple measures, with what alignment takes', async () => {
  const session = await monitor(db);
  const found = await estimates();
  const names = ['padded', 'half', 'airy', 'numbers', 'widened', 'emptied'];
  expect(Object.keys(found).toSorted()).toEqual(names.toSorted());
  for (const name of names) {
    const [measured] = await session.sql(
      `SELECT (free_percent / 100)::float8 AS free FROM public.pgstattuple('public.${name}')`,
    );
    const kept = name === 'airy' ? 0.3 : 0;
    expect(Math.abs(Number(found[name]) - (Number(measured?.free) - kept)), name).toBeLessThan(0.1);
  }
});

test('what rows that were widened since ANALYZE may take is no bloat, however few they are', async () => {
  // a tenth is what autovacuum allows
  await publish(
    db,
    "UPDATE widened SET t = repeat('w', 1500) WHERE id % 12 = 0",
    'UPDATE numbers SET n = 0 WHERE id % 24 = 1',
    'UPDATE half SET t = t WHERE id % 2000 = 1',
  );
  await publish(db, 'VACUUM widened, numbers, half');
  const found = await estimates();
  expect(found.widened).toBe('old');
  // numbers do not get wider, and ten rows make no half of the table
  expect(Number(found.numbers)).toBeCloseTo(0.45, 1);
  expect(Number(found.half)).toBeCloseTo(0.5, 1);
  await publish(db, 'ANALYZE widened');
  expect(Number((await estimates()).widened)).toBeLessThan(0.1);
});
