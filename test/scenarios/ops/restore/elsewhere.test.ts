import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Manifest } from '../../../../src/ops/repository/manifest.ts';
import { type Backup, findBackup } from '../../../../src/ops/repository/repository.ts';
import { prune } from '../../../../src/ops/repository/retention/prune.ts';
import { contextOf } from '../../../ops/engine/run/stage.ts';
import { backedUp, contextIn, inDatabase, planRestore } from '../../../ops/restore/stage.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const repository = join(home, 'backups');
let db: TestDatabase;
let made: Backup;

beforeAll(async () => {
  db = await testDatabase();
  await inDatabase(db.database, (session) => session.sql('CREATE TABLE t AS SELECT 1 AS n'));
  const context = contextOf(db.target(), home, { env: { BACKUP_DIR: repository } });
  made = await backedUp(context);
  await context.close();
});
afterAll(() => db.drop());

/** A copy of the backup whose manifest was changed. */
function altered(name: string, change: (manifest: Manifest) => object): string {
  cpSync(made.path, join(repository, name), { recursive: true });
  const path = join(repository, name, 'manifest.json');
  const manifest: Manifest = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...manifest, ...change(manifest) }));
  return name;
}

const of = (address: string, identifier: string | null, at: number) => (manifest: Manifest) => ({
  created_at: new Date(at).toISOString(),
  server: { ...manifest.server, system_identifier: identifier, address },
});

test('a repository that two servers share: the newest is that of the server that is connected to', async () => {
  const other = altered('other', of('other:5432', '42', Date.now()));
  const context = contextIn(db.target(), home);
  const plan = await planRestore(context, { backup: 'newest', no_safety_backup: true });
  expect(plan.title).toContain(made.id);
  // that is what the run records, for a prune to leave it alone
  expect(plan.input).toMatchObject({ backup: made.id });
  expect(plan.checks.filter(({ title }) => title === 'Server')).toEqual([]);
  // the other one has to be named, and that it is another's is said
  const named = await planRestore(context, { backup: other, no_safety_backup: true });
  expect(named.checks.filter(({ title }) => title === 'Server')).toEqual([
    {
      title: 'Server',
      status: 'warn',
      detail: `This is a backup of ${db.database} on another server, other:5432: it is no earlier state of ${db.database} here.`,
    },
  ]);
  expect(named.consequence).not.toContain('becomes what it was');
});

test('servers that do not say who they are: the backups of one do not push out those of another', async () => {
  const old = Date.now() - 400 * 86_400_000;
  altered('quiet_a', of('a:5432', null, old));
  for (const n of [1, 2, 3]) altered(`quiet_b${n}`, of('b:5432', null, Date.now() - n * 3_600_000));
  const context = contextIn(db.target(), home);
  const plan = await prune.plan(prune.input.parse({ keep: 'last 1' }), context);
  expect(plan.steps.map(({ id }) => id).sort()).toEqual(['delete:quiet_b2', 'delete:quiet_b3']);
});

test.each<[string, (manifest: Manifest) => object]>([
  ['an archive elsewhere', () => ({ archive: '/etc/passwd' })],
  ['an archive above', ({ archive }) => ({ archive: `../${made.id}/${archive}` })],
  ['a file elsewhere', ({ files }) => ({ files: [{ ...files[0], path: '/etc/hostname' }] })],
  ['a file above', ({ files }) => ({ files: [{ ...files[0], path: 'x/../../y' }] })],
  ['no path at all', () => ({ archive: '' })],
  ['globals elsewhere', () => ({ globals: '../globals.sql' })],
  ['a size that is no number', () => ({ bytes: '12' })],
  ['a size beyond every number', () => ({ bytes: 1e300 })],
  ['no files', () => ({ files: undefined })],
  ['a date that is none', () => ({ created_at: 'soon' })],
])('a manifest that somebody has altered is damaged, and is not followed: %s', async (what, change) => {
  const id = altered(`edited ${what}`, change);
  const found = await findBackup(repository, id);
  expect(found).toMatchObject({ status: 'damaged', archive: expect.stringContaining(join(repository, id)) });
  expect(found.manifest).toBeUndefined();
});
