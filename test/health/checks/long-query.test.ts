import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { longQuery } from '../../../src/health/checks/long-query.ts';
import { app, begin } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const checks = [longQuery];
const thresholds = { long_query_seconds: { normal: 0, alert: 0 } };

test('queries that run for long are found by who runs them, until they end', async () => {
  const [one, two, admin] = [await app(db), await app(db), await app(db)];
  const running = [begin(one, 'SELECT pg_sleep(60)'), begin(two, 'SELECT pg_sleep(60)')];
  const sleeping = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
  await until(async () => (await admin.sql(sleeping))[0]?.n === 2, { what: 'both at it' });
  const seen = await lookAt(db.target(), { checks, thresholds });
  expect(seen.findings).toMatchObject([
    { id: `long_query:postgres@${db.database}`, severity: 'alert', threshold: 0 },
  ]);
  expect(seen.findings[0]?.title).toMatch(/^2 queries of .+ run for long, the longest for \d/);
  for (const { pid } of [one, two]) expect(seen.findings[0]?.evidence).toContain(String(pid));
  expect((await lookAt(db.target(), { checks })).findings).toEqual([]);

  // of others’ sessions a role without rights sees no query: that is no good news
  const blind = await lookAt(db.target(await db.roleWith()), { checks, thresholds });
  expect(blind).toMatchObject({ findings: [], score: null, coverage: 0 });
  expect(blind.unknown[0]?.remedy).toMatch(/^GRANT pg_read_all_stats TO /);

  for (const { pid } of [one, two]) await admin.sql('SELECT pg_cancel_backend($1)', [pid]);
  await Promise.all(running);
  expect(await lookAt(db.target(), { checks, thresholds })).toMatchObject({ findings: [], score: 100 });
});

test('a query that only waits for a lock is no long one: it is told as a wait', async () => {
  const [holder, waiter] = [await app(db), await app(db)];
  await holder.sql('CREATE TABLE orders (id int)');
  await holder.sql('BEGIN');
  await holder.sql('LOCK TABLE orders');
  const done = begin(waiter, 'SELECT FROM orders');
  // before 14 a wait is not timed
  const timed = holder.server.major >= 14 ? ' AND waitstart IS NOT NULL' : '';
  await until(async () => (await holder.sql(`SELECT FROM pg_locks WHERE NOT granted${timed}`)).length === 1, {
    what: 'the wait',
  });
  // what it ran before it came to the lock, in milliseconds
  const { findings } = await lookAt(db.target(), {
    checks,
    thresholds: { long_query_seconds: { normal: 0.1, alert: 1 } },
    meanwhile: () => delay(150),
  });
  expect(findings).toEqual([]);
  await holder.sql('ROLLBACK');
  await done;
});
