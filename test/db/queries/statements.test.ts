import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  statementCounters,
  statementsInfo,
  statementsPoll,
  statementTexts,
  statementTextsPoll,
} from '../../../src/db/queries/statements.ts';
import type { Server } from '../../../src/db/server.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { app, monitor } from './session.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('a statement that ran seven times has seven calls, its time and its text', async () => {
  const worker = await app(db);
  for (let i = 0; i < 7; i++) await worker.sql(`SELECT pg_sleep(0.002), ${i} AS seven_times`);
  const session = await monitor(db);
  const rows = await session.run(statementCounters, { limit: 5000 });
  const mine = rows.filter((row) => row.dbid === session.server.databaseOid);
  const ids = mine.flatMap((row) => (row.queryid === null ? [] : [row.queryid]));
  const texts = await session.run(statementTexts, { ids });
  const text = texts.find((t) => t.query?.includes('seven_times'));
  expect(text?.query).toBe('SELECT pg_sleep($1), $2 AS seven_times');
  const row = mine.find((r) => r.queryid === text?.queryid);
  expect(row).toMatchObject({ calls: 7, rows: 7, toplevel: true });
  expect(row?.entries).toBeGreaterThanOrEqual(rows.length);
  // what is not there is known not to be, so that it is not asked for again
  expect(await session.run(statementTexts, { ids: ['1'] })).toEqual([{ queryid: '1', query: null }]);
  expect(row?.total_exec_ms).toBeGreaterThan(14);
  expect(row?.total_exec_ms).toBeLessThan(5000);
  expect(row?.mean_exec_ms).toBeCloseTo((row?.total_exec_ms ?? 0) / 7, 6);
  expect(row?.min_exec_ms).toBeLessThanOrEqual(row?.max_exec_ms ?? -1);
  const { major } = session.server;
  if (major >= 17) expect((row?.stats_since_us ?? 0) / 1000).toBeGreaterThan(Date.now() - 60_000);
  else expect(row?.stats_since_us).toBeNull();
  const times = rows.map((r) => r.total_exec_ms);
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  expect(await session.run(statementCounters, { limit: 2 })).toHaveLength(2);
});

test('evictions are counted from 14 on', async () => {
  const session = await monitor(db);
  if (session.server.major < 14)
    expect(statementsInfo.unavailable?.(session.server)?.reason).toContain('1.9');
  else
    expect(await session.run(statementsInfo, undefined)).toEqual([
      { dealloc: expect.any(Number), stats_reset: expect.any(String) },
    ]);
});

test('an extension left at an old version in a schema of its own is read by the columns it has', async () => {
  const owner = await app(db);
  await owner.sql('DROP EXTENSION pg_stat_statements');
  try {
    await owner.sql('CREATE SCHEMA "odd schema"');
    await owner.sql(`CREATE EXTENSION pg_stat_statements SCHEMA "odd schema" VERSION '1.7'`);
    const session = await monitor(db);
    const [row] = await session.run(statementCounters, { limit: 1 });
    expect(row?.total_exec_ms).toBeGreaterThan(0);
    expect(row).toMatchObject({ total_plan_ms: null, wal_bytes: null, stats_since_us: null, toplevel: true });
    expect(await session.run(statementTexts, { ids: [row?.queryid ?? ''] })).not.toEqual([]);
    expect(statementsInfo.unavailable?.(session.server)).toBeDefined();

    const outsider = await monitor(db, await db.roleWith('pg_monitor'));
    expect(statementCounters.unavailable?.(outsider.server)?.remedy).toBe(
      `GRANT USAGE ON SCHEMA "odd schema" TO "${outsider.server.user}"`,
    );
  } finally {
    await owner.sql('DROP SCHEMA "odd schema" CASCADE');
    await owner.sql('CREATE EXTENSION pg_stat_statements');
  }
});

test('a database without the extension says how to get it', async () => {
  const bare = await testDatabase();
  try {
    const owner = await app(bare);
    await owner.sql('DROP EXTENSION pg_stat_statements');
    const { server } = await monitor(bare);
    const denied = (different: Partial<Server>) =>
      statementCounters.unavailable?.({ ...server, ...different });
    expect(denied({})).toMatchObject({
      reason: expect.stringMatching(/is loaded, and the database test_\w+ lacks the extension/),
      remedy: 'CREATE EXTENSION pg_stat_statements',
    });
    expect(denied({ standby: true })?.remedy).toBe(
      `On the primary, in the database "${server.database}": CREATE EXTENSION pg_stat_statements`,
    );
    // who may not read the setting, and a server without it
    expect(denied({ settings: {} })).toMatchObject({
      reason: expect.stringMatching(/has to be in shared_preload_libraries\.$/),
      remedy: 'CREATE EXTENSION pg_stat_statements',
    });
    expect(denied({ settings: { shared_preload_libraries: 'auto_explain' } })?.remedy).toMatch(
      /^Add pg_stat_statements to shared_preload_libraries and restart\. Then, in .*: CREATE EXTENSION /,
    );
  } finally {
    await bare.drop();
  }
});

test('a role without rights gets the counters of others without id and text', async () => {
  const session = await monitor(db, await db.roleWith());
  const rows = await session.run(statementCounters, { limit: 100 });
  expect(rows.some((row) => row.queryid === null && row.calls > 0)).toBe(true);
  expect(statementCounters.partial?.(session.server)?.reason).toContain('hidden');
});

test('texts beyond 2,000 are kept, those of the dearest statements among them', async () => {
  const rows = Array.from({ length: 5000 }, (_, i) => ({ queryid: String(i), query: `SELECT ${i}` }));
  const listed = rows.map(({ queryid }) => ({ queryid }));
  const { merge } = statementTextsPoll;
  expect(
    merge?.([], rows, ((poll: unknown) => (poll === statementsPoll ? listed : [])) as never),
  ).toHaveLength(5000);
  // of those that are no longer listed only so many
  expect(merge?.(rows, [], (() => []) as never)).toHaveLength(2000);
  expect(merge?.([{ queryid: '1', query: null }], [], (() => []) as never)).toEqual([]);
});
