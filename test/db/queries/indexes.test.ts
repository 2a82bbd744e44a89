import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  indexCounts,
  indexDuplicate,
  indexInvalid,
  indexUnused,
  indexUsage,
} from '../../../src/db/queries/indexes.ts';
import { type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { app, begin, monitor, publish } from './session.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    'CREATE TABLE parent (id int PRIMARY KEY)',
    'CREATE TABLE t (id int PRIMARY KEY, a int, b text, c int REFERENCES parent, d int UNIQUE)',
    'INSERT INTO parent VALUES (0)',
    "INSERT INTO t SELECT i, i, 'b' || i, 0, i FROM generate_series(1, 3000) i",
    'CREATE INDEX used ON t (a)',
    'CREATE INDEX used_twin ON t (a)',
    'CREATE INDEX wide ON t (b, c)',
    'CREATE INDEX prefix ON t (b)',
    'CREATE INDEX other_class ON t (b text_pattern_ops)',
    'CREATE INDEX descending ON t (a DESC)',
    'CREATE INDEX partial_a ON t (a) WHERE c = 0',
    'CREATE INDEX expression ON t (lower(b))',
    'CREATE INDEX expression_twin ON t (lower(b))',
    'CREATE INDEX same_as_unique ON t (d)',
    'CREATE INDEX hashed ON t USING hash (a)',
    'CREATE INDEX foreign_key ON t (c)',
    'CREATE UNIQUE INDEX two ON t (id, a)',
    'VACUUM ANALYZE t',
    'SET enable_seqscan = off',
    'SELECT * FROM t WHERE a = 5',
    'SET enable_seqscan = on; SELECT count(*) FROM t',
  );
});
afterAll(() => db.drop());

test('an index has its size and its scans', async () => {
  const session = await monitor(db);
  const rows = await until(
    async () => {
      const rows = await session.run(indexUsage, { limit: 100 });
      return rows.some((r) => r.relname === 't' && !r.is_unique && r.idx_scan > 0) && rows;
    },
    { what: 'a scan counted' },
  );
  const sizes = rows.map((row) => row.est_bytes ?? 0);
  expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  const wide = rows.find((row) => row.indexrelname === 'wide');
  const [real] = await session.sql("SELECT pg_relation_size('public.wide')::float8 AS bytes");
  expect(wide).toMatchObject({
    schemaname: 'public',
    relname: 't',
    est_bytes: real?.bytes,
    idx_scan: 0,
    last_idx_scan: null,
    is_unique: false,
    is_primary: false,
  });
  expect(rows.find((row) => row.indexrelname === 't_pkey')).toMatchObject({
    is_unique: true,
    is_primary: true,
  });
  const scanned = rows.find((row) => row.idx_scan > 0 && !row.is_unique);
  if (session.server.major >= 16) expect(scanned?.last_idx_scan).toMatch(/\+00$/);
  else expect(scanned?.last_idx_scan).toBeNull();
});

test('unused indexes are those that neither were scanned nor enforce anything', async () => {
  const session = await monitor(db);
  const rows = await until(
    async () => {
      const [counted] = await session.sql(
        "SELECT pg_stat_get_tuples_inserted('public.t'::regclass)::int AS writes",
      );
      return counted?.writes === 3000 && session.run(indexUnused, { limit: 100 });
    },
    { what: 'the writes of the table' },
  );
  const names = rows.map((row) => row.indexrelname);
  expect(names).toEqual(expect.arrayContaining(['wide', 'prefix', 'expression', 'foreign_key']));
  for (const name of ['t_pkey', 't_d_key', 'parent_pkey', 'two']) expect(names).not.toContain(name);
  // one of the two equal ones served the query
  expect(
    names.filter((name) => ['used', 'used_twin', 'descending', 'hashed', 'partial_a'].includes(name)),
  ).toHaveLength(4);
  expect(rows.find((row) => row.indexrelname === 'foreign_key')?.supports_fk).toBe(true);
  expect(rows.find((row) => row.indexrelname === 'prefix')?.supports_fk).toBe(false);
});

test('a duplicate is an index whose work another one does', async () => {
  const session = await monitor(db);
  const rows = await session.run(indexDuplicate, { limit: 100 });
  const found = Object.fromEntries(rows.map((row) => [row.indexrelname, [row.kept, row.exact]]));
  expect(found).toEqual({
    used_twin: ['used', true],
    prefix: ['wide', false],
    same_as_unique: ['t_d_key', true],
  });
  expect(rows[0]).toMatchObject({ schemaname: 'public', relname: 't' });
});

test('what a failed CREATE INDEX CONCURRENTLY leaves is invalid, and one being built is told apart', async () => {
  const session = await monitor(db);
  const builder = await app(db);
  await builder.sql('CREATE TABLE twice (id int)');
  await builder.sql('INSERT INTO twice VALUES (1), (1)');
  expect(await begin(builder, 'CREATE UNIQUE INDEX CONCURRENTLY broken ON twice (id)')).toBeDefined();
  // an error is told before the locks are gone
  const broken = await until(
    async () => {
      const [row] = await session.run(indexInvalid, undefined);
      return row?.building === false && row;
    },
    { what: 'the end of the build' },
  );
  expect(broken).toMatchObject({
    schemaname: 'public',
    relname: 'twice',
    indexrelname: 'broken',
    building: false,
  });
  expect((await session.run(indexCounts, undefined))[0]?.invalid).toBe(1);
  await builder.sql('DROP INDEX broken');

  const reader = await app(db);
  await reader.sql('BEGIN');
  await reader.sql('INSERT INTO twice VALUES (2)');
  const built = begin(builder, 'CREATE INDEX CONCURRENTLY waiting ON twice (id)');
  const [row] = await until(
    async () => {
      const rows = await session.run(indexInvalid, undefined);
      return rows.length > 0 && rows;
    },
    { what: 'the index being built' },
  );
  expect(row).toMatchObject({ indexrelname: 'waiting', building: true });
  await reader.sql('COMMIT');
  await built;
  expect(await session.run(indexInvalid, undefined)).toEqual([]);
});

test('counts are those of the lists', async () => {
  const session = await monitor(db);
  const [counts] = await session.run(indexCounts, undefined);
  const usage = await session.run(indexUsage, { limit: 1000 });
  const unused = await session.run(indexUnused, { limit: 1000 });
  expect(counts?.unused).toBe(unused.length);
  expect(counts?.unused_bytes).toBe(unused.reduce((sum, row) => sum + (row.est_bytes ?? 0), 0));
  // TOAST indexes are counted, and listed nowhere
  expect(counts?.indexes).toBeGreaterThanOrEqual(usage.length);
});

test('an index that a partition has of its parent is no duplicate: it cannot be dropped alone', async () => {
  const builder = await app(db);
  await builder.sql('CREATE TABLE whole (id int) PARTITION BY RANGE (id)');
  await builder.sql('CREATE TABLE whole_1 PARTITION OF whole FOR VALUES FROM (0) TO (10)');
  await builder.sql('ALTER TABLE whole_1 ADD PRIMARY KEY (id)');
  await builder.sql('CREATE INDEX ON whole (id)');
  const of = async () =>
    (await (await monitor(db)).run(indexDuplicate, { limit: 100 })).flatMap(({ relname, indexrelname }) =>
      relname === 'whole_1' ? [indexrelname] : [],
    );
  expect(await of()).toEqual([]);
  await builder.sql('CREATE INDEX whole_own ON whole_1 (id)');
  expect(await of()).toEqual(['whole_own']);
});
