import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import { listRuns } from '../../../../src/ops/engine/journal/runs.ts';
import { recover } from '../../../../src/ops/recover/recover.ts';
import { contextFor, done } from '../../../ops/indexes/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
let db: TestDatabase;
let session: Session;

beforeAll(async () => {
  db = await testDatabase();
  session = await client(db.target());
  await session.sql('CREATE TABLE t AS SELECT g AS id, 0 AS v FROM generate_series(1, 100) g');
});
afterAll(() => db.drop());

const running = async () =>
  (
    await session.sql(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'EXPLAIN (ANALYZE%'",
    )
  ).length > 0;

test('killed while an UPDATE runs for its plan: no row is changed, and the server stops it', async () => {
  const { host, port, database } = db.target();
  const text = 'UPDATE t SET v = 1 WHERE pg_sleep(60) IS NOT NULL';
  const child = spawn(
    process.execPath,
    [
      ...[MAIN, '-h', host, '-p', String(port), '-U', 'postgres', '-d', database],
      ...['explain', text, '--analyze', '--timeout', '60', '--confirm', database],
    ],
    { env: cleanEnvironment(home, { XDG_STATE_HOME: `${home}/state` }), stdio: 'ignore' },
  );
  const gone = once(child, 'exit');
  try {
    await until(running, { what: 'the statement runs', timeout: 20_000 });
  } finally {
    child.kill('SIGKILL');
    await gone;
  }
  // before 14 the server does not look whether its client is there, and stops at the timeout
  if (session.server.major >= 14)
    await until(async () => !(await running()), { what: 'the end of its backend', timeout: 10_000 });
  expect(await session.sql('SELECT sum(v)::int AS v FROM t')).toEqual([{ v: 0 }]);
  const context = contextFor(db.target(), home);
  const [run] = listRuns(context.journal);
  expect(run).toMatchObject({ operation: 'explain analyze', status: 'interrupted' });
  await done(await recover.plan({ run: run?.id ?? '' }, context), context);
  expect(await session.sql('SELECT sum(v)::int AS v FROM t')).toEqual([{ v: 0 }]);
});
