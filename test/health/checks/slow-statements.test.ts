import { afterAll, beforeAll, expect, test } from 'vitest';
import { slowStatements } from '../../../src/health/checks/slow-statements.ts';
import { publish } from '../../db/queries/session.ts';
import { serverTarget, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const times = (n: number, sql: string) => publish(db, ...Array.from({ length: n }, () => sql));
const SLOW = 'SELECT pg_sleep(0.07) AS "a  slow  one"';

/** With everything slow that takes 60 ms, and ten minutes between the readings. */
const seen = (meanwhile: () => Promise<unknown>, seconds = 600) =>
  lookAt(db.target(), {
    checks: [slowStatements],
    thresholds: { slow_statement_ms: 60 },
    meanwhile,
    seconds,
  });
const statements = ({ categories }: Awaited<ReturnType<typeof seen>>) =>
  categories.find(({ id }) => id === 'statements')?.score;

test('a slow statement is found by its calls per hour, also one that is new, and not while it does not run', async () => {
  const found = await seen(() => times(3, SLOW));
  expect(found.findings).toMatchObject([
    {
      id: expect.stringMatching(/^slow_statements:-?\d+$/),
      severity: 'warning',
      value: expect.closeTo(18, 0),
      unit: '/h',
      threshold: 10,
      evidence: expect.stringMatching(/^By pg_stat_statements in the last 10m0\ds, /),
    },
  ]);
  expect(statements(found)).toBe(88);
  const again = await seen(() => times(9, SLOW));
  expect(again.findings).toMatchObject([
    {
      id: found.findings[0]?.id,
      severity: 'alert',
      title: expect.stringMatching(
        /^A statement ran 54 times an hour and took [7-9]\dms in the mean: SELECT pg_sleep\(\$1\) AS "a slow one"$/,
      ),
    },
  ]);
  const quiet = await seen(async () => {});
  expect(quiet).toMatchObject({ findings: [], unknown: [] });
  expect(statements(quiet)).toBe(100);
});

test('many that are slow together are one finding of the server', async () => {
  const found = await seen(() =>
    publish(db, SLOW, 'SELECT 1, pg_sleep(0.07)', 'SELECT 1, 2, pg_sleep(0.07)'),
  );
  expect(found.findings).toMatchObject([
    {
      id: 'slow_statements',
      title: '3 statements that take 60ms or more in the mean ran 18 times an hour.',
    },
  ]);
});

test('a statement that was forgotten meanwhile gives no negative rate, and a text with a password is not shown', async () => {
  await times(4, SLOW);
  const forgotten = await seen(() =>
    publish(
      db,
      'SELECT pg_stat_statements_reset(0, oid) FROM pg_database WHERE datname = current_database()',
      SLOW,
    ),
  );
  expect(forgotten.findings).toEqual([]);
  expect(statements(forgotten)).toBeGreaterThanOrEqual(0);
  const secret = 'SELECT 1, 2, 3, pg_sleep(0.07) AS password';
  await times(1, secret);
  expect((await seen(() => times(4, secret))).findings).toMatchObject([
    { title: expect.stringMatching(/: \(a text that names a password is not shown\)$/) },
  ]);
});

test('a short sample, hidden statements and a database without the extension are unknown, with what helps', async () => {
  const short = await seen(async () => {}, 3);
  expect(short.unknown).toMatchObject([{ remedy: 'pgdeck health --sample 300' }]);
  expect(short.coverage).toBe(0);
  const role = await db.roleWith();
  const hidden = await lookAt(db.target(role), { checks: [slowStatements], seconds: 600 });
  expect(hidden.unknown).toMatchObject([{ check: 'slow_statements' }]);
  const without = await lookAt(serverTarget(), { checks: [slowStatements], seconds: 600 });
  expect(without.unknown).toMatchObject([
    {
      reason: expect.stringContaining('the database postgres lacks the extension'),
      remedy: 'CREATE EXTENSION pg_stat_statements',
    },
  ]);
});
