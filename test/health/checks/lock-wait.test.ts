import { afterAll, beforeAll, expect, test } from 'vitest';
import { lockWait } from '../../../src/health/checks/lock-wait.ts';
import { app, begin } from '../../db/queries/session.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await (await client(db.target())).sql('CREATE TABLE orders (id int PRIMARY KEY)');
});
afterAll(() => db.drop());

const checks = [lockWait];
const look = (lock_wait_seconds = {}) => lookAt(db.target(), { checks, thresholds: { lock_wait_seconds } });

/** Sessions that wait for the table until whoever holds it ends. */
async function waiters(count: number): Promise<() => Promise<unknown>> {
  const holder = await app(db);
  await holder.sql('BEGIN');
  await holder.sql('LOCK TABLE orders');
  const sessions = await Promise.all(Array.from({ length: count }, () => app(db)));
  const done = sessions.map((session) => begin(session, 'SELECT FROM orders'));
  const waiting = 'SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND relation = $1::regclass';
  await until(async () => (await holder.sql(waiting, ['orders']))[0]?.n === count, { what: 'waits' });
  return async () => {
    await holder.sql('ROLLBACK');
    await Promise.all(done);
  };
}

test('who waits for a lock is found by what it is on, and no more once the lock is free', async () => {
  const free = await waiters(1);
  const seen = await look({ normal: 0, alert: 0 });
  expect(seen.findings).toMatchObject([{ id: 'lock_wait:orders', severity: 'alert', unit: 's' }]);
  expect(seen.findings[0]?.title).toMatch(/^1 session waits for a lock on orders, the longest for 0/);
  expect(seen.findings[0]?.evidence).toContain('asked for: AccessShareLock');
  expect(seen.findings[0]).not.toHaveProperty('cap');
  expect(seen.score).toBeLessThanOrEqual(79);
  // that short a wait is nothing
  expect((await look()).findings).toEqual([]);
  await free();
  expect(await look({ normal: 0, alert: 0 })).toMatchObject({ findings: [], score: 100 });
});

test('many that wait for long are a storm', async () => {
  const storm = { normal: 0, alert: 0, critical: 0.001 };
  const nine = await waiters(9);
  expect((await look(storm)).findings[0]).not.toHaveProperty('cap');
  await nine();
  const ten = await waiters(10);
  expect((await look(storm)).findings).toMatchObject([
    { severity: 'critical', cap: 60, title: expect.stringMatching(/^10 sessions wait/) },
  ]);
  await ten();
});

test('a wait for a row says that it is one, and who holds it up', async () => {
  const [holder, waiter] = [await app(db), await app(db)];
  await holder.sql('INSERT INTO orders VALUES (1)');
  await holder.sql('BEGIN');
  await holder.sql('DELETE FROM orders');
  const done = begin(waiter, 'DELETE FROM orders');
  const waiting = "SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'";
  await until(async () => (await holder.sql(waiting))[0]?.n === 1, { what: 'the wait' });
  const { findings } = await look({ normal: 0, alert: 0 });
  expect(findings).toMatchObject([{ id: 'lock_wait:transactionid' }]);
  expect(findings[0]?.title).toMatch(
    /^1 session waits for the end of another transaction, which has changed the same row, the longest/,
  );
  expect(findings[0]?.evidence).toContain(
    `Held up by postgres@${db.database} (idle in transaction), pid ${holder.pid}.`,
  );
  await holder.sql('ROLLBACK');
  await done;
});
