import { afterAll, beforeAll, expect, test } from 'vitest';
import { reindexBloat } from '../../../../src/db/queries/reindex/bloat.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { monitor, publish } from '../session.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    'CREATE EXTENSION pgstattuple',
    'CREATE TABLE t (id int, flag bool, at timestamptz, name text, rare text, n numeric) WITH (autovacuum_enabled = off)',
    `INSERT INTO t SELECT i, i % 3 = 0, now() + i * interval '1 s', 'name ' || i, CASE WHEN i % 10 = 0 THEN repeat('r', 20) || i END, i
     FROM generate_series(1, 40000) i`,
    'CREATE INDEX plain ON t (id)',
    'CREATE INDEX padded ON t (flag, at)',
    'CREATE INDEX narrow ON t (id) WITH (fillfactor = 50)',
    'CREATE INDEX words ON t (name)',
    'CREATE INDEX expression ON t (upper(name))',
    'CREATE INDEX partial_id ON t (id) WHERE id % 2 = 0',
    'CREATE INDEX partial_expression ON t (lower(rare)) WHERE rare IS NOT NULL',
    'CREATE INDEX partial_text ON t (rare) WHERE rare IS NOT NULL',
    'CREATE INDEX nullable ON t (rare, id)',
    'CREATE INDEX few_keys ON t ((id % 100), flag)',
    'CREATE INDEX few_numbers ON t (((id % 100)::numeric))',
    'CREATE INDEX covering ON t (flag) INCLUDE (id, name)',
    'CREATE INDEX grown ON t (id, at)',
    'CREATE INDEX wide ON t (rpad(name, 400)) WHERE id <= 10000',
  );
});
afterAll(() => db.drop());

const measure = async () => {
  const session = await monitor(db);
  const rows = await session.run(reindexBloat, { limit: 20 });
  const exact = await session.sql(
    `SELECT c.relname, (1 - s.avg_leaf_density / coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 90)
       * s.leaf_pages / nullif(s.leaf_pages + s.empty_pages + s.deleted_pages, 0))::float8 AS air
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid CROSS JOIN public.pgstatindex(c.oid) s WHERE i.indrelid = 'public.t'::regclass`,
  );
  return exact.map(({ relname, air }) => {
    const row = rows.find(({ name }) => name === relname);
    return { name: String(relname), estimate: row?.unknown ?? row?.bloat_share, exact: Number(air) };
  });
};

test.each([
  ['as they were built', 'SELECT 1'],
  ['with two thirds of the rows gone', 'DELETE FROM t WHERE id % 3 <> 0'],
])('an estimate is within ten points of what pgstatindex measures, or there is none: %s', async (_, sql) => {
  await publish(db, sql);
  await publish(db, 'VACUUM ANALYZE t');
  const all = await measure();
  for (const { name, estimate, exact } of all)
    if (typeof estimate === 'number') expect(Math.abs(estimate - exact), name).toBeLessThan(0.1);
  const known = all.filter(({ estimate }) => typeof estimate === 'number');
  expect(known.map(({ name }) => name).toSorted()).toEqual([
    'covering',
    'expression',
    'few_numbers',
    'grown',
    'narrow',
    'nullable',
    'padded',
    'partial_expression',
    'partial_id',
    'plain',
    'wide',
    'words',
  ]);
  const why = (index: string) => all.find(({ name }) => name === index)?.estimate;
  expect([why('partial_text'), why('few_keys')]).toEqual(['partial', 'dedup']);
});
