import { afterAll, beforeAll, expect, test } from 'vitest';
import { backupAge } from '../../../src/health/checks/backup-age.ts';
import { backupUnproven } from '../../../src/health/checks/backup-unproven.ts';
import type { BackupFact } from '../../../src/health/outside.ts';
import { publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { lookAt } from '../stage.ts';

const ago = (days: number) => Date.now() - days * 86_400_000;
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

const look = (...backups: BackupFact[]) =>
  lookAt(db.target(), { checks: [backupAge, backupUnproven], outside: { backups: { known: backups } } });
const made = (days: number, proven: number | null = null): BackupFact => ({
  ...{ id: `shop_${days}`, madeAt: ago(days), verifiedAt: ago(days) },
  provenAt: proven === null ? null : ago(proven),
});

test('a database without tables needs no backup', async () => {
  expect((await look()).findings).toEqual([]);
});

test('no backup, an old one and a new one', async () => {
  await publish(db, 'CREATE TABLE t (id int)');
  expect((await look()).findings).toMatchObject([
    {
      id: 'backup_age',
      severity: 'warning',
      remedy: { operation: 'backup', input: { database: [db.database] } },
    },
  ]);
  expect((await look(made(2, 1), made(9))).findings).toMatchObject([
    {
      id: 'backup_age',
      severity: 'warning',
      unit: 'days',
      threshold: 1.25,
      title: expect.stringMatching(/is 2d00h old/),
    },
  ]);
  expect((await look(made(4, 1))).findings).toMatchObject([{ severity: 'alert' }]);
  expect((await look(made(8, 1))).findings).toMatchObject([{ severity: 'critical' }]);
  expect((await look(made(0.5, 0.1))).findings).toEqual([]);
});

test('a backup that was never restored, or not for long; a first one has time', async () => {
  expect((await look(made(0))).findings).toMatchObject([
    {
      id: 'backup_unproven',
      severity: 'info',
      remedy: { operation: 'backups verify', input: { id: 'shop_0', level: 'restore' } },
    },
  ]);
  expect((await look(made(0), made(40))).findings).toMatchObject([
    { id: 'backup_unproven', severity: 'warning' },
  ]);
  expect((await look(made(0), made(60, 50))).findings).toMatchObject([
    { id: 'backup_unproven', title: expect.stringContaining('for 50d00h'), threshold: 30 },
  ]);
  expect((await look(made(0), made(20, 19))).findings).toEqual([]);
  expect((await look({ ...made(0, 0), verifiedAt: null })).findings).toMatchObject([
    { id: 'backup_unproven:unverified', remedy: { input: { level: 'counts' } } },
  ]);
});

test('what the repository does not tell is unknown', async () => {
  const { findings, unknown } = await lookAt(db.target(), {
    checks: [backupAge, backupUnproven],
    outside: { backups: { unknown: 'locked' } },
  });
  expect(findings).toEqual([]);
  expect(unknown).toMatchObject([{ check: 'backup_age', reason: 'locked' }, { check: 'backup_unproven' }]);
});
