import { afterAll, beforeAll, expect, test } from 'vitest';
import { databasePoll } from '../../../src/db/queries/database.ts';
import { tempFiles } from '../../../src/health/checks/temp-files.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { assessed, rowsOf } from '../facts.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  // until something is counted in it, it has no counters that could be compared
  await publish(db, 'SELECT 1');
});
afterAll(() => db.drop());

const checks = [tempFiles];
const sorted = (rows: number) =>
  publish(
    db,
    "SET work_mem = '64kB'",
    `SELECT count(*) FROM (SELECT repeat('x', 1000) || i FROM generate_series(1, ${rows}) i ORDER BY 1 OFFSET 1) t`,
  );

test('sorts that go to the disk are worth knowing, small ones are not', async () => {
  const seen = await lookAt(db.target(), { checks, meanwhile: () => sorted(15_000) });
  expect(seen.findings).toMatchObject([{ id: `temp_files:${db.database}`, severity: 'info', unit: 'bytes' }]);
  expect(seen.findings[0]?.title).toMatch(
    /^1\d MB of temporary files in test_\w+ within the last \d\.\ds\.$/,
  );
  expect((await lookAt(db.target(), { checks, meanwhile: () => sorted(1000) })).findings).toEqual([]);
  expect(await lookAt(db.target(), { checks, seconds: 60 })).toMatchObject({ findings: [], unknown: [] });
});

test('as much as keeps a disk busy is a warning', () => {
  const reading = (seconds: number, temp_bytes: number) => [
    rowsOf(databasePoll, { datid: 5, datname: 'shop', temp_files: 1, temp_bytes, server_ms: seconds * 1000 }),
  ];
  const { findings } = assessed(checks, [reading(0, 0), reading(600, 2 * 1024 ** 3)]);
  expect(findings).toMatchObject([{ id: 'temp_files:shop', severity: 'warning', threshold: 1024 ** 3 }]);
});
