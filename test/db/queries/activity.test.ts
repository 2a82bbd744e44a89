import { afterAll, beforeAll, expect, test } from 'vitest';
import { activityList, activitySummary } from '../../../src/db/queries/activity.ts';
import { type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { app, begin, monitor } from './session.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const all = { queryChars: 200, limit: 1000, idle: true };

test('a session that works is listed with what it does, since when, and who it is', async () => {
  const session = await monitor(db);
  const busy = await app(db);
  void begin(busy, 'SELECT pg_sleep(60) AS a_long_query');
  const row = await until(
    async () => {
      const rows = await session.run(activityList, { queryChars: 12, limit: 1000, idle: false });
      return rows.find((r) => r.pid === busy.pid && r.wait_event === 'PgSleep');
    },
    { what: 'the query in the list' },
  );
  expect(row).toMatchObject({
    leader_pid: null,
    backend_type: 'client backend',
    datname: db.database,
    usename: 'postgres',
    application_name: 'app',
    client_addr: '127.0.0.1',
    state: 'active',
    wait_event_type: 'Timeout',
    query: 'SELECT pg_sl',
  });
  expect(row.query_seconds).toBeGreaterThan(0);
  expect(row.query_seconds).toBeLessThan(30);
  expect(row.duration_seconds).toBeCloseTo(row.query_seconds ?? -1, 3);
  const [start] = await session.sql(
    'SELECT (extract(epoch FROM backend_start) * 1000000)::int8::text AS us FROM pg_stat_activity WHERE pid = $1',
    [busy.pid],
  );
  expect(String(row.backend_start_us)).toBe(start?.us);
  expect(row.query_start_us).toBeGreaterThan(row.backend_start_us ?? Number.POSITIVE_INFINITY);
});

test('idle sessions are listed on request, our own never, whoever bears our name is, and a limit is kept', async () => {
  const session = await monitor(db);
  const other = await monitor(db);
  const idle = await app(db);
  const impostor = await app(db, undefined, 'pgdeck-monitor');
  await impostor.sql('SELECT 1');
  await idle.sql('SELECT 1');
  const seen = await until(
    async () => {
      const row = (await session.run(activityList, all)).find((r) => r.pid === idle.pid);
      return row?.state === 'idle' && row;
    },
    { what: 'the idle session' },
  );
  expect(seen).toMatchObject({ query_seconds: null, xact_seconds: null, query: 'SELECT 1' });
  expect(seen.duration_seconds).toBeCloseTo(seen.state_seconds ?? -1, 3);
  const pids = async (input: typeof all) => (await session.run(activityList, input)).map((r) => r.pid);
  expect(await pids({ ...all, idle: false })).not.toContain(idle.pid);
  const every = await pids(all);
  expect(every).not.toContain(session.pid);
  expect(every).not.toContain(other.pid);
  expect(every).toContain(impostor.pid);
  expect(await pids({ ...all, limit: 1 })).toHaveLength(1);
});

test('the oldest transaction comes first, with the xid that it keeps', async () => {
  const session = await monitor(db);
  const holder = await app(db);
  await holder.sql('CREATE TABLE kept (id int)');
  await holder.sql('BEGIN');
  await holder.sql('INSERT INTO kept VALUES (1)');
  const began = performance.now();
  const rows = await session.run(activityList, all);
  const took = (performance.now() - began) / 1000;
  const row = rows.find((r) => r.pid === holder.pid);
  expect(row?.state).toBe('idle in transaction');
  expect(row?.xid_age).toBeGreaterThan(0);
  expect(row?.xact_seconds).toBeGreaterThanOrEqual(row?.state_seconds ?? Number.POSITIVE_INFINITY);
  const ages = rows.flatMap((r) => (r.xact_seconds === null ? [] : [r.xact_seconds]));
  // each is measured at a moment of its own
  for (const [i, age] of ages.entries()) expect(age).toBeLessThan((ages[i - 1] ?? age) + took);
});

test('the summary counts sessions by what they do', async () => {
  const session = await monitor(db);
  const [idle, holder, busy] = [await app(db), await app(db), await app(db)];
  await idle.sql('SELECT 1');
  await holder.sql('BEGIN');
  void begin(busy, 'SELECT pg_sleep(60)');
  const row = await until(
    async () => {
      const [row] = await session.run(activitySummary, { idleSeconds: 600 });
      return row !== undefined && (row.active ?? 0) >= 1 && (row.longest_xact_seconds ?? 0) > 0.05 && row;
    },
    { what: 'the active session in the summary' },
  );
  expect(row.idle).toBeGreaterThanOrEqual(1);
  expect(row.idle_in_transaction).toBeGreaterThanOrEqual(1);
  expect(row.hidden).toBe(0);
  expect(row.clients).toBeGreaterThanOrEqual((row.active ?? 0) + (row.idle ?? 0));
  expect(row).toMatchObject({ max_connections: 60, reserved_connections: 3 });
  // longer ago than there are timestamps
  const [ever] = await session.run(activitySummary, { idleSeconds: 1e15 });
  expect(ever?.idle_for_long).toBe(0);
  expect(Math.abs(row.server_ms - Date.now())).toBeLessThan(60_000);
});

test('connections that only watch take slots, and do nothing that is counted: they are not listed either', async () => {
  const session = await monitor(db);
  const watching = [session, await monitor(db), await monitor(db)];
  const [row] = await session.run(activitySummary, { idleSeconds: 600 });
  const { clients = 0, active, idle, idle_in_transaction } = row ?? {};
  const busyWith = (active ?? 0) + (idle ?? 0) + (idle_in_transaction ?? 0);
  expect(clients - busyWith).toBeGreaterThanOrEqual(watching.length);
});

test('a launcher of the server is no session that is hidden from a role without rights', async () => {
  const session = await monitor(db, await db.roleWith());
  const [launcher] = await (await app(db)).sql(
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'logical replication launcher'",
  );
  expect(launcher).toBeDefined();
  const rows = await session.run(activityList, all);
  expect(rows.map((r) => r.pid)).not.toContain(Number(launcher?.pid));
});

test('a role without rights gets the sessions it cannot see as such, and null instead of counts', async () => {
  const role = await db.roleWith();
  const session = await monitor(db, role);
  const [foreign, own] = [await app(db), await app(db, role)];
  await own.sql('SELECT 2');
  const rows = await until(
    async () => {
      const rows = await session.run(activityList, all);
      return rows.find((r) => r.pid === own.pid)?.state === 'idle' && rows;
    },
    { what: 'its own session' },
  );
  expect(rows.find((r) => r.pid === own.pid)).toMatchObject({ usename: role, query: 'SELECT 2' });
  expect(rows.find((r) => r.pid === foreign.pid)).toMatchObject({
    datname: db.database,
    usename: 'postgres',
    application_name: 'app',
    state: null,
    backend_start_us: null,
    backend_type: null,
    query_seconds: null,
    query: '<insufficient privilege>',
  });
  const [summary] = await session.run(activitySummary, { idleSeconds: 600 });
  expect(summary?.clients).toBeGreaterThanOrEqual(3);
  expect(summary).toMatchObject({
    active: null,
    idle: null,
    longest_xact_seconds: null,
    max_connections: 60,
  });
});
