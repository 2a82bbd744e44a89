import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { serverTarget } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../support/program.ts';
import { putBackup } from './stock.ts';

const home = temporaryDirectory();
const env = cleanEnvironment(home);
let repository = '';
let n = 0;
beforeEach(() => {
  repository = join(home, `repository-${n++}`);
  for (const days of [0, 1, 2, 3, 40]) putBackup(repository, `shop_${days}`, { days });
  putBackup(repository, 'shop_schema', { days: 50, scope: 'schema_only' });
  putBackup(repository, 'stock_old', { days: 400, database: 'stock' });
  putBackup(repository, 'shop_pinned', { days: 300, pinned: true });
  writeFileSync(join(repository, 'other_20200101.sql'), '-- PostgreSQL database dump\n');
});

const prune = (...args: string[]) => pgdeck(['backups', 'prune', '--dir', repository, ...args], env);

test('without --yes it prints what it would do, and does nothing', async () => {
  const before = readdirSync(repository);
  const { code, stderr, stdout } = await prune('--keep', 'last 2');
  expect(code).toBe(2);
  expect(stdout + stderr).toMatch(/shop_40 .*delete/);
  expect(readdirSync(repository)).toEqual(before);
});

test('removes what the rule does not keep; pinned ones, other scopes, other databases and foreign files stay', async () => {
  const { code, stderr } = await prune('--keep', 'last 2', '--yes');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(readdirSync(repository).sort()).toEqual([
    'other_20200101.sql',
    'shop_0',
    'shop_1',
    'shop_pinned',
    'shop_schema',
    'stock_old',
  ]);
});

test('what a killed run was removing is listed no more, and recover finishes it', async () => {
  const killed = await pgdeck(['backups', 'prune', '--dir', repository, '--keep', 'last 4', '--yes'], {
    ...env,
    PGDECK_CRASH_AT: 'delete:shop_40:renamed',
  });
  expect(killed.code).toBeNull();
  const { stdout } = await pgdeck(['backups', 'list', '--dir', repository, '--json'], env);
  expect(JSON.parse(stdout).backups.map((one: { id: string }) => one.id)).not.toContain('shop_40');
  expect(readdirSync(repository)).toContain('shop_40.deleting');
  const [run] = JSON.parse((await pgdeck(['runs', 'list', '--json'], env)).stdout).runs;
  // only this run: others of the server are not this test's
  const { host, port, user } = serverTarget();
  const recover = () =>
    pgdeck(['-h', host, '-p', String(port), '-U', user, '-d', 'postgres', 'recover', run.id, '--yes'], env);
  const { code, stderr } = await recover();
  expect(code, stderr).toBe(0);
  expect(readdirSync(repository)).not.toContain('shop_40.deleting');
  expect(readdirSync(repository)).toContain('shop_3');
  expect((await recover()).stderr).toContain('has left nothing behind');
});

test('a rule that is none is refused, and nothing goes', async () => {
  const before = readdirSync(repository);
  const { code, stderr } = await prune('--keep', 'everything', '--yes');
  expect([code, stderr]).toEqual([2, expect.stringContaining('7 daily 4 weekly 12 monthly')]);
  expect(readdirSync(repository)).toEqual(before);
});

test('an empty repository has nothing to prune', async () => {
  const empty = join(home, 'empty');
  mkdirSync(empty);
  const { code } = await pgdeck(['backups', 'prune', '--dir', empty], env);
  expect(code).toBe(0);
});

test('the newest good backup has a name of its own: a job need not know what it is called', async () => {
  putBackup(repository, 'shop_bad', { days: -1, good: false });
  putBackup(repository, 'shop_tables', { days: -2, scope: 'tables' });
  putBackup(repository, 'shop_safety', { days: -3, safety: true });
  const shown = await pgdeck(
    ['backups', 'pin', 'newest', '--dir', repository, '-h', '/nowhere', '-d', 'shop', '--json'],
    env,
  );
  expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('shop_0') });
  const none = await pgdeck(
    ['backups', 'pin', 'newest', '--dir', repository, '-h', '/nowhere', '-d', 'x'],
    env,
  );
  expect([none.code, none.stderr]).toEqual([
    2,
    expect.stringMatching(/no good whole backup of x.*pgdeck backup/),
  ]);
});
