import { describe, expect, test } from 'vitest';
import { backupId, guessFromName, safeName } from '../../../src/ops/repository/names.ts';

test('a backup is named after its database and the local time', () => {
  expect(backupId('shop', new Date(2026, 0, 2, 3, 4, 5))).toBe('shop_20260102_030405');
});

test.each([
  ['shop', 'shop'],
  ['My-Shop.v2', 'My-Shop.v2'],
  ['../../etc/passwd', '_._.._etc_passwd'],
  ['.hidden', '_hidden'],
  ['-rf', '_rf'],
  ['a/b\\c', 'a_b_c'],
  [`it's "quoted"`, 'it_s__quoted_'],
  ['客户 数据', '客户_数据'],
  ['tab\there\u001b[31m', 'tab_here__31m'],
  ['\u202egpj.exe', '_gpj.exe'],
  ['', '_'],
  ['..', '_.'],
])('%j is safe as %j', (database, name) => {
  expect(safeName(database)).toBe(name);
});

test('the longest name fits with its time', () => {
  expect(Buffer.byteLength(backupId('长'.repeat(21), new Date()))).toBeLessThan(128);
});

describe('what others called their files', () => {
  test.each([
    ['mitong_devops_20240101_120000.sql.gz', 'mitong_devops', new Date(2024, 0, 1, 12)],
    ['wms-backup-20240109_020304.dump', 'wms', new Date(2024, 0, 9, 2, 3, 4)],
    ['daily_backup_20240131', undefined, new Date(2024, 0, 31)],
    ['2024-01-31-shop.dump', 'shop', new Date(2024, 0, 31)],
    ['shop_2024-01-31T23-59.sql', 'shop', new Date(2024, 0, 31, 23, 59)],
    ['backup.sql.gz', undefined, undefined],
    ['users_backup.sql', 'users', undefined],
    ['data_only.sql.zst', 'data_only', undefined],
    ['shop_20241399_000000.sql', 'shop_20241399_000000', undefined],
    ['客户_20240101.dump', '客户', new Date(2024, 0, 1)],
    ['postgres_20240101.dump', undefined, new Date(2024, 0, 1)],
    ['backups.v2.sql', 'backups.v2', undefined],
  ])('%s', (file, database, at) => {
    expect(guessFromName(file)).toEqual({ database, at });
  });
});
