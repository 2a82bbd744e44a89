import { afterAll, beforeAll, expect, test } from 'vitest';
import { remoteAge } from '../../../src/health/checks/remote-age.ts';
import type { BackupFact, RemoteFact } from '../../../src/health/outside.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

const ago = (days: number) => Date.now() - days * 86_400_000;
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const made = (days: number): BackupFact => ({
  ...{ id: `shop_${days}`, madeAt: ago(days), verifiedAt: ago(days), provenAt: ago(days) },
});
const copied = (...days: number[]): RemoteFact => ({
  place: 's3://backups/prod',
  copies: days.map((one) => ({ id: `shop_${one}`, madeAt: ago(one) })),
});
const look = (remote: RemoteFact | null, ...backups: BackupFact[]) =>
  lookAt(db.target(), {
    checks: [remoteAge],
    outside: { backups: { known: backups }, remote: { known: remote } },
  });

test('a copy that is behind is told by how far, with what sends the newest', async () => {
  expect((await look(copied(2), made(0), made(2))).findings).toMatchObject([
    {
      id: 'remote_age',
      severity: 'warning',
      title: `The newest copy of ${db.database} in s3://backups/prod is 2d00h behind.`,
      threshold: 1.25,
      remedy: { operation: 'backups push', input: { id: 'shop_0' } },
    },
  ]);
  expect((await look(copied(4), made(0))).findings).toMatchObject([{ severity: 'alert' }]);
  expect((await look(copied(8), made(0))).findings).toMatchObject([{ severity: 'critical' }]);
  expect((await look(copied(), made(0))).findings).toMatchObject([
    { severity: 'warning', title: expect.stringContaining('There is no copy of a backup of') },
  ]);
});

test('nothing is behind where the newest is there, where there is no backup, or no place', async () => {
  expect((await look(copied(1), made(0), made(1))).findings).toEqual([]);
  // how old the newest itself is, is another finding
  expect((await look(copied(9), made(9))).findings).toEqual([]);
  expect((await look(copied())).findings).toEqual([]);
  expect((await look(null, made(0))).findings).toEqual([]);
});

test('what is not known is told as that', async () => {
  const { unknown } = await lookAt(db.target(), {
    checks: [remoteAge],
    outside: { remote: { unknown: 'locked' } },
  });
  expect(unknown).toMatchObject([{ check: 'remote_age', reason: 'locked' }]);
});
