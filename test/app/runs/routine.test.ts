import { afterAll, beforeAll, expect, test } from 'vitest';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { Stage } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('what was done on another screen is told as soon as the screen of operations is open again', async () => {
  const session = await client(db.target());
  await session.sql('CREATE TABLE t AS SELECT 1 AS id');
  const stage = await new Stage(db.target(), { env: { XDG_STATE_HOME: temporaryDirectory() } }).start();
  const vacuumed = () => stage.deck.model.routine?.find(({ name }) => name === 'vacuum')?.doneAt;
  try {
    stage.keys('8');
    await stage.seconds(() => vacuumed() === null, 'the routine');
    stage.keys('1');
    await session.sql('VACUUM ANALYZE t');
    await until(
      async () =>
        (await session.sql("SELECT FROM pg_stat_user_tables WHERE relname = 't' AND last_vacuum IS NOT NULL"))
          .length === 1,
      { what: 'that the server knows of it' },
    );
    const before = stage.deck.sampler.now();
    // as the end of a run does
    stage.deck.refreshRuns(true);
    stage.keys('8');
    await stage.seconds(() => (vacuumed() ?? null) !== null, 'what was done');
    expect(stage.deck.sampler.now() - before).toBeLessThan(30_000);
  } finally {
    await stage.stop();
    await session.close();
  }
});
