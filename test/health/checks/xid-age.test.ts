import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DatabaseAge, databaseAgesPoll, oldestTablesPoll } from '../../../src/db/queries/wraparound.ts';
import { multixactAge } from '../../../src/health/checks/multixact-age.ts';
import { xidAge } from '../../../src/health/checks/xid-age.ts';
import { app, publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { assessed, rowsOf } from '../facts.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const checks = [xidAge];

test('a database that is not frozen in time is found, by any role, and a young one is well', async () => {
  const thresholds = { wraparound_ratio: { normal: 0, alert: 1e-9, critical: 1 } };
  for (const role of [undefined, await db.roleWith()]) {
    const { findings, unknown } = await lookAt(db.target(role), { checks, thresholds });
    expect(unknown).toEqual([]);
    expect(findings.map(({ id }) => id)).toContain('xid_age:template0');
    expect(findings.find(({ object }) => object === db.database)).toMatchObject({
      severity: 'alert',
      unit: 'ratio',
      remedy: { operation: 'vacuum', input: { due: true, freeze: true } },
    });
    expect(findings.find(({ object }) => object === 'template0')?.remedy).toMatchObject({
      advice: expect.stringContaining('autovacuum freezes it by itself'),
    });
  }
  const well = await lookAt(db.target(), { checks: [xidAge, multixactAge] });
  expect(well).toMatchObject({ findings: [], unknown: [], score: 100 });
});

test('what freezes a database clears its finding', async () => {
  const ageOf = async (normal: number) => {
    const thresholds = { wraparound_ratio: { normal } };
    const { findings } = await lookAt(db.target(), { checks, thresholds });
    return findings.find(({ object }) => object === db.database)?.value;
  };
  const old = (await ageOf(0)) ?? Number.NaN;
  await publish(db, 'VACUUM (FREEZE)');
  expect(await ageOf(old / 2)).toBeUndefined();
});

test('a multixact counts from the first row that two have locked', async () => {
  await publish(db, 'CREATE TABLE shared AS SELECT 1 AS id');
  const both = [await app(db), await app(db)];
  for (const session of both) {
    await session.sql('BEGIN');
    await session.sql('SELECT FROM shared FOR SHARE');
  }
  for (const session of both) await session.sql('COMMIT');
  const thresholds = { wraparound_ratio: { normal: 0 } };
  const { findings } = await lookAt(db.target(), { checks: [multixactAge], thresholds });
  expect(findings.find(({ object }) => object === db.database)).toMatchObject({
    id: `multixact_age:${db.database}`,
    severity: 'warning',
    evidence: expect.stringContaining('autovacuum_multixact_freeze_max_age is 400,000,000'),
  });
});

const young: DatabaseAge = {
  datname: 'shop',
  xid_age: 1000,
  mxid_age: 10,
  connectable: true,
  freeze_limit: 2e8,
  multixact_limit: 4e8,
};
const aged = (row: Partial<DatabaseAge>) => [
  rowsOf(databaseAgesPoll, { ...young, ...row }),
  rowsOf(
    oldestTablesPoll,
    { schemaname: 'public', relname: 'orders', temporary: false, xid_age: 1.7e9, mxid_age: 1.7e9 },
    { schemaname: 'pg_temp_3', relname: 'scratch', temporary: true, xid_age: 1.7e9, mxid_age: 1.7e9 },
    { schemaname: 'public', relname: 'young', temporary: false, xid_age: 5, mxid_age: 5 },
  ),
];

test.each([
  [2.1e8, 'none', 100],
  [2.2e8, 'warning', 97],
  [5e8, 'alert', 79],
  [1.5e9, 'critical', 59],
  [1.6e9, 'critical', 10],
] as const)('%d transactions are %s', (xid_age, severity, score) => {
  const seen = assessed([xidAge], [aged({ xid_age })]);
  expect(seen.findings.map((one) => one.severity)).toEqual(severity === 'none' ? [] : [severity]);
  expect(seen.score).toBeLessThanOrEqual(score);
  if (severity === 'none') expect(seen.score).toBe(100);
});

test('the tables that hold it are named', () => {
  const [found] = assessed(checks, [aged({ xid_age: 1.7e9 })]).findings;
  expect(found?.title).toBe(
    'shop has not been frozen for 1.7G transactions, 8.5 times autovacuum_freeze_max_age.',
  );
  expect(found?.evidence).toMatch(/; the oldest tables: orders, pg_temp_3\.scratch \(temporary\)\.$/);
  expect(found?.why).toMatch(/in 444M transactions the server takes no more writes\.$/);
});

test('near the end the age itself counts, however high the limit was set', () => {
  const late = { xid_age: 1.7e9, mxid_age: 1.7e9, freeze_limit: 2e9, multixact_limit: 2e9 };
  for (const check of [xidAge, multixactAge])
    expect(assessed([check], [aged(late)]).findings).toMatchObject([{ severity: 'critical', cap: 10 }]);
  expect(assessed([xidAge], [aged(late)]).score).toBe(0);
});

test('multixacts are judged on their own', () => {
  const seen = assessed([xidAge, multixactAge], [aged({ mxid_age: 9e8 })]);
  expect(seen.findings).toMatchObject([{ id: 'multixact_age:shop', severity: 'alert', threshold: 2 }]);
  // the category is scored by transaction ids
  expect(seen.score).toBe(79);
});
