import { afterAll, beforeAll, expect, test } from 'vitest';
import { connections } from '../../../src/health/checks/connections.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const checks = [connections];

test('connections in use are counted of those not reserved, by any role', async () => {
  const used = { connections_percent: { normal: 0, alert: 0.1, critical: 0.2 } };
  for (const role of [undefined, await db.roleWith()]) {
    const seen = await lookAt(db.target(role), { checks, thresholds: used });
    expect(seen.findings).toMatchObject([{ id: 'connections', severity: 'critical', threshold: 0.2 }]);
    expect(seen.findings[0]?.title).toMatch(/^\d+ of 57 connections are in use \(\d/);
    expect(seen.unknown).toEqual([]);
    // new ones are refused soon: that is no number to be proud of, whatever else is well
    expect(seen.score).toBe(0);
  }
  const well = await lookAt(db.target(), { checks });
  expect(well).toMatchObject({ findings: [], score: 100 });
});
