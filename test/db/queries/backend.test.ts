import { afterAll, beforeAll, expect, test } from 'vitest';
import { backendDetail, backendLocks } from '../../../src/db/queries/backend.ts';
import { type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { app, begin, monitor } from './session.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('one backend with its whole query, its locks and who is in its way', async () => {
  const session = await monitor(db);
  const owner = await app(db);
  await owner.sql('CREATE TABLE "Held" (id int PRIMARY KEY)');
  await owner.sql('BEGIN');
  await owner.sql('LOCK TABLE "Held"');
  const waiter = await app(db, undefined, 'the waiter');
  const query = `SELECT id FROM "Held" WHERE id IN (${Array.from({ length: 100 }, (_, i) => i).join(', ')})`;
  void begin(waiter, query);
  const [row] = await until(
    async () => {
      const rows = await session.run(backendDetail, { pid: waiter.pid, backendStart: null });
      return rows[0]?.wait_event_type === 'Lock' && rows;
    },
    { what: 'the wait' },
  );
  expect(row).toMatchObject({
    pid: waiter.pid,
    application_name: 'the waiter',
    query,
    wait_event_type: 'Lock',
  });
  const backendStart = row?.backend_start_us ?? 0;
  expect(await session.run(backendDetail, { pid: waiter.pid, backendStart })).toHaveLength(1);
  expect(await session.run(backendDetail, { pid: waiter.pid, backendStart: backendStart + 1 })).toEqual([]);
  const [holder] = await session.run(backendDetail, { pid: owner.pid, backendStart: null });
  expect(holder).toMatchObject({ pid: owner.pid, state: 'idle in transaction', query: 'LOCK TABLE "Held"' });

  const [awaited, ...rest] = await session.run(backendLocks, { pid: waiter.pid, limit: 10 });
  expect(awaited).toMatchObject({
    granted: false,
    mode: 'AccessShareLock',
    locktype: 'relation',
    relation: 'public."Held"',
  });
  if (session.server.major >= 14) expect(awaited?.wait_seconds).toBeGreaterThan(0);
  expect(rest.every((lock) => lock.granted && lock.wait_seconds === null)).toBe(true);
  expect(rest.find((lock) => lock.locktype === 'virtualxid')?.object).toMatch(/^\d+\/\d+$/);
  const held = await session.run(backendLocks, { pid: owner.pid, limit: 10 });
  expect(held.find((lock) => lock.relation === 'public."Held"')).toMatchObject({
    granted: true,
    mode: 'AccessExclusiveLock',
  });
});

test('locks on what is no relation are named too', async () => {
  const session = await monitor(db);
  const holder = await app(db);
  await holder.sql('BEGIN');
  await holder.sql('SELECT pg_advisory_xact_lock(7, -8)');
  await holder.sql('SELECT pg_advisory_xact_lock(-5)');
  await holder.sql('CREATE TABLE in_a_schema (id int)');
  const locks = await session.run(backendLocks, { pid: holder.pid, limit: 100 });
  const advisory = locks.filter((lock) => lock.locktype === 'advisory');
  expect(advisory.map((lock) => lock.object).sort()).toEqual(['-5', '7, -8']);
  expect(locks.find((lock) => lock.locktype === 'transactionid')?.object).toMatch(/^\d+$/);
  expect(locks.find((lock) => lock.locktype === 'object')?.object).toMatch(/^pg_namespace \d+$/);
  expect(await session.run(backendLocks, { pid: holder.pid, limit: 1 })).toHaveLength(1);
});
