import { afterAll, beforeAll, expect, test } from 'vitest';
import { idleInTransaction } from '../../../src/health/checks/idle-in-transaction.ts';
import { app } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { checkRemedies } from '../remedies.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const checks = [idleInTransaction];
const thresholds = { idle_in_transaction_seconds: { normal: 0, alert: 0, critical: 0.001 } };

test('a transaction that is left open is found, failed or not, until it ends', async () => {
  const [open, failed] = [await app(db), await app(db)];
  for (const session of [open, failed]) await session.sql('BEGIN');
  await failed.sql('SELECT 1 / 0').catch(() => undefined);
  const seen = await lookAt(db.target(), { checks, thresholds });
  expect(seen.findings).toMatchObject([
    { id: `idle_in_transaction:postgres@${db.database}`, severity: 'critical' },
  ]);
  expect(seen.findings[0]?.title).toMatch(/^2 sessions of .+ are idle in transaction, the longest for \d/);
  await checkRemedies(seen);
  expect(seen.findings[0]?.remedy).toMatchObject({
    operation: 'terminate',
    input: { pid: [open, failed].map(({ pid }) => String(pid)) },
  });
  for (const { pid } of [open, failed]) expect(seen.findings[0]?.evidence).toContain(String(pid));
  expect((await lookAt(db.target(), { checks })).findings).toEqual([]);
  for (const session of [open, failed]) await session.sql('ROLLBACK');
  expect(await lookAt(db.target(), { checks, thresholds })).toMatchObject({ findings: [], score: 100 });
});
