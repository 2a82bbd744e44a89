import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../../src/db/client.ts';
import type { Session } from '../../../../src/db/session.ts';
import { adviseOnWorkload, candidatesOf } from '../../../../src/ops/indexes/advise/advise.ts';
import {
  type Candidate,
  candidateName,
  candidateSql,
} from '../../../../src/ops/indexes/advise/candidates.ts';
import { costOf, tried, untriable } from '../../../../src/ops/indexes/advise/trial.ts';
import { loadParser } from '../../../../src/ops/sql/parser.ts';
import { client, type TestDatabase, testDatabase } from '../../../support/cluster.ts';

let db: TestDatabase;
let session: Session;
let hypopg: boolean;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  hypopg = (await session.sql("SELECT FROM pg_available_extensions WHERE name = 'hypopg'")).length > 0;
  for (const sql of [
    'CREATE TABLE big (id int PRIMARY KEY, k int, half boolean)',
    'INSERT INTO big SELECT i, i, i % 2 = 0 FROM generate_series(1, 30000) i',
    'CREATE TABLE parts (id int, k int) PARTITION BY RANGE (id)',
    'CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10000)',
    'CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10000) TO (100000)',
    'INSERT INTO parts SELECT i, i FROM generate_series(1, 30000) i',
    'ANALYZE',
  ])
    await session.sql(sql);
  await session.sql('SELECT * FROM big WHERE k = $1', [5]);
  await session.sql('SELECT * FROM big WHERE half = $1', [true]);
  await session.sql('SELECT * FROM parts WHERE k = $1', [5]);
  await session.sql('UPDATE big SET half = false WHERE k = 7');
});
afterAll(() => db.drop());

const looking = () => connect(db.target(), 'slow', 'test-advise');
const path = '"$user", public';

test('without hypopg nothing is tested, and said so', async () => {
  const own = await looking();
  const { candidates } = await adviseOnWorkload(own, { path });
  expect(candidates.map(candidateName).sort()).toEqual([
    'public.big ("half")',
    'public.big ("k")',
    'public.parts ("k")',
  ]);
  expect(candidates.map(({ trial }) => trial)).toEqual(
    Array(3).fill({
      status: 'not_tested',
      reason: 'hypopg is not installed in this database (CREATE EXTENSION hypopg)',
    }),
  );
  await own.close();
});

test('with it a candidate is planned with and without, on partitions too; one that is of no use is left out', async ({
  skip,
}) => {
  if (!hypopg) return skip();
  await session.sql('CREATE EXTENSION hypopg');
  const own = await looking();
  const { candidates, useless } = await adviseOnWorkload(own, { path });
  expect(candidates.map(candidateName).sort()).toEqual(['public.big ("k")', 'public.parts ("k")']);
  expect(useless).toBe(1);
  for (const { trial } of candidates)
    expect(trial.status === 'tested' && trial.cost_after < trial.cost_before / 10).toBe(true);
  // nothing is left, and nothing was run
  expect(await own.sql('SELECT * FROM public.hypopg()')).toEqual([]);
  expect(await session.sql('SELECT FROM big WHERE NOT half AND id = 7')).toHaveLength(1);
  const [ran] = await session.sql(
    "SELECT calls::int FROM pg_stat_statements WHERE query LIKE 'UPDATE big%' AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
  );
  expect(ran).toEqual({ calls: 1 });
  await own.close();
});

test('the cost that was foreseen is that with the real index', async ({ skip }) => {
  if (!hypopg) return skip();
  const own = await looking();
  const { candidates } = await adviseOnWorkload(own, { path });
  for (const candidate of candidates) await costFalls(candidate);
  await own.close();
});

async function costFalls(
  candidate: Candidate & { trial: { status: string; cost_after?: number } },
): Promise<void> {
  const explain = async () => {
    const rows = await session.sql(`EXPLAIN SELECT * FROM ${candidate.table.name} WHERE k = 5`);
    return costOf(rows.map((row) => String(row['QUERY PLAN']))) ?? Number.NaN;
  };
  const before = await explain();
  await session.sql('BEGIN');
  for (const sql of candidateSql(candidate)) await session.sql(sql);
  const after = await explain();
  await session.sql('ROLLBACK');
  expect(after).toBeLessThan(before / 10);
  // pages of an index that is not there are guessed
  expect(candidate.trial.cost_after).toBeLessThan(after * 2);
}

test('functions of others are not planned with this role’s rights', async () => {
  const own = await looking();
  const role = await db.roleWith();
  await session.sql('CREATE FUNCTION theirs() RETURNS int STABLE LANGUAGE sql AS $$SELECT 1$$');
  await session.sql(`ALTER FUNCTION theirs() OWNER TO ${role}`);
  if (hypopg)
    expect(await untriable(own)).toMatch(
      new RegExp(`^planning may run functions of ${role} with the rights of postgres`),
    );
  await session.sql('DROP FUNCTION theirs()');
  await own.close();
});

test('what the server would refuse is not advised, and a reason is said in one sentence', async ({
  skip,
}) => {
  if (!hypopg) return skip();
  const own = await looking();
  const table = (await adviseOnWorkload(own, { path })).candidates.find(
    ({ table }) => table.name === 'big',
  )?.table;
  if (table === undefined) throw new Error('big is not advised');
  const asker = {
    queryid: '1',
    text: 'SELECT FROM big WHERE k = $1',
    calls: 1,
    total_ms: 1,
    path: ['public'],
  };
  const of = (sql: string, text = asker.text): Candidate => ({
    ...{ table, serves: new Set(['filter' as const]), doubt: undefined },
    keys: [{ column: undefined, sql, text: sql }],
    askers: [{ ...asker, text }],
  });
  expect(await tried(own, of('k'))).toMatchObject({ status: 'tested' });
  expect(await tried(own, of('(box(point(k, k), point(k, k)))'))).toBeUndefined();
  expect(await tried(own, of('(random())'))).toBeUndefined();
  expect(await tried(own, of('k', 'SELECT FROM nobody WHERE k = $1'))).toEqual({
    status: 'not_tested',
    reason: 'EXPLAIN failed: This server cannot answer: relation "nobody" does not exist',
  });
  await own.close();
});

test('a statement that waits for a lock is waited for once', async ({ skip }) => {
  if (!hypopg) return skip();
  const own = await looking();
  const found = (await adviseOnWorkload(own, { path })).candidates.find(({ table }) => table.name === 'big');
  if (found === undefined) throw new Error('big is not advised');
  const holder = await client(db.target(), 'holder');
  await holder.sql('BEGIN');
  await holder.sql('LOCK TABLE big IN ACCESS EXCLUSIVE MODE');
  const locked = new Map<string, string>();
  const first = await tried(own, found, { locked });
  await holder.close();
  expect(first).toMatchObject({ status: 'not_tested', reason: expect.stringMatching(/lock timeout/) });
  // it would be planned by now
  expect(await tried(own, found, { locked })).toEqual(first);
  expect(await tried(own, found)).toMatchObject({ status: 'tested' });
  await own.close();
});

test('what another one that is advised does as well is not advised besides', async ({ skip }) => {
  if (!hypopg) return skip();
  await session.sql('CREATE TABLE rival (id int, few int, many int)');
  await session.sql('INSERT INTO rival SELECT i, i % 3, i FROM generate_series(1, 30000) i');
  await session.sql('ANALYZE rival');
  const own = await looking();
  const asker = { calls: 1, total_ms: 2, path: ['public'] };
  const { candidates } = await candidatesOf(own, await loadParser(), [
    { ...asker, queryid: '1', text: 'SELECT FROM rival WHERE many = $1 AND few = $2' },
  ]);
  const [many] = candidates;
  if (many === undefined) throw new Error('nothing is advised');
  expect(candidateName(many)).toBe('public.rival ("many")');
  const key = (column: string) => ({ column, sql: column, text: column });
  const both: Candidate = { ...many, keys: [key('few'), key('many')] };
  expect(await tried(own, both)).toMatchObject({ status: 'tested' });
  expect(await tried(own, both, { rivals: [many] })).toBeUndefined();
  expect(await tried(own, many, { rivals: [{ ...many, keys: [key('few')] }] })).toMatchObject({
    status: 'tested',
  });
  expect(await own.sql('SELECT * FROM public.hypopg()')).toEqual([]);
  await own.close();
});
