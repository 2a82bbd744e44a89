import { afterAll, beforeAll, expect, test } from 'vitest';
import { rollbacks } from '../../../src/health/checks/rollbacks.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  // until something is counted in it, it has no counters that could be compared
  await publish(db, 'SELECT 1');
});
afterAll(() => db.drop());

const checks = [rollbacks];
const times = (n: number, ...statements: string[]) => Array.from({ length: n }, () => statements).flat();
const look = (statements: string[], seconds = 60) =>
  lookAt(db.target(), { checks, seconds, meanwhile: () => publish(db, ...statements) });

test('transactions that are rolled back are found by their database', async () => {
  const seen = await look([...times(80, 'SELECT 1'), ...times(20, 'BEGIN', 'ROLLBACK')]);
  expect(seen.findings).toMatchObject([
    { id: `rollbacks:${db.database}`, severity: 'alert', unit: '%', threshold: 10 },
  ]);
  expect(seen.findings[0]?.title).toMatch(/^1\d\.\d% of the transactions in test_\w+ are rolled back\.$/);
  expect(seen.score).toBeLessThan(40);
});

test('few of many are none, and few transactions are no share', async () => {
  for (const statements of [times(150, 'SELECT 1'), times(20, 'BEGIN', 'ROLLBACK')])
    expect(await look(statements)).toMatchObject({ findings: [], unknown: [], score: 100 });
});

test('a short sample is unknown', async () => {
  expect((await look(times(120, 'BEGIN', 'ROLLBACK'), 3)).unknown).toMatchObject([{ check: 'rollbacks' }]);
});
