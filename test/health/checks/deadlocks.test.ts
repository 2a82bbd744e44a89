import { afterAll, beforeAll, expect, test } from 'vitest';
import { deadlocks } from '../../../src/health/checks/deadlocks.ts';
import { app, begin, publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await publish(db, 'CREATE TABLE a ()', 'CREATE TABLE b ()');
});
afterAll(() => db.drop());

const checks = [deadlocks];

/** Two sessions that each want what the other has. */
async function deadlock(): Promise<void> {
  const [one, two] = [await app(db), await app(db)];
  for (const session of [one, two]) {
    await session.sql("SET deadlock_timeout = '10ms'");
    await session.sql('BEGIN');
  }
  await one.sql('LOCK TABLE a');
  await two.sql('LOCK TABLE b');
  const ends = await Promise.all([begin(one, 'LOCK TABLE b'), begin(two, 'LOCK TABLE a')]);
  expect(ends.filter((end) => end !== undefined)).toHaveLength(1);
  // who ends tells what was counted at once
  await Promise.all([one.close(), two.close()]);
  const reader = await app(db);
  const counted = 'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()';
  await until(async () => Number((await reader.sql(counted))[0]?.deadlocks) > 0, {
    what: 'the deadlock counted',
  });
}

test('a deadlock is found by its database, and no more once it is past', async () => {
  expect(await lookAt(db.target(), { checks })).toMatchObject({ findings: [] });
  const seen = await lookAt(db.target(), { checks, meanwhile: deadlock });
  expect(seen.findings).toMatchObject([{ id: `deadlocks:${db.database}`, severity: 'warning', value: 1 }]);
  expect(seen.findings[0]?.title).toMatch(/^1 deadlock in test_\w+ within the last \d\.\ds\.$/);
  expect(seen.findings[0]?.evidence).toMatch(/^From pg_stat_database: 1 since ./);
  // so short a look does not show that there are none any more
  expect((await lookAt(db.target(), { checks })).unknown).toMatchObject([{ check: 'deadlocks' }]);
  expect(await lookAt(db.target(), { checks, seconds: 60 })).toMatchObject({ findings: [], unknown: [] });
});
