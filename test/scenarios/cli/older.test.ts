import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { client, serverTarget, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../../support/program.ts';

/*
 * What pgdeck 0.1 has written before its source was put in order: its settings, its journal, its backups. An upgrade
 * must not lose what a team relies on to take a change back.
 */

const FIXTURE = fileURLToPath(new URL('../../support/fixtures/0.1', import.meta.url));
const home = temporaryDirectory();
const repository = join(home, 'backups');
const settings = join(home, 'config.json');
const env = cleanEnvironment(home, { BACKUP_DIR: repository });
const run = (...args: string[]) => pgdeckHere([...args, '--config', settings], env);

/** Its runs and how they ended. */
const RUNS = {
  '20261128T183341-4c72a6': ['backup', 'done'],
  '20261128T183342-354bd0': ['backup', 'done'],
  '20261128T183342-68cfc4': ['backup', 'done'],
  '20261128T183343-f6c096': ['backups pin', 'done'],
  '20261128T183344-28675c': ['reindex', 'done'],
  '20261128T183345-fa1232': ['migrate up', 'done'],
  '20261128T183347-6481dc': ['restore', 'done'],
  '20261128T183349-78ec2f': ['restore', 'done'],
  '20261128T183350-7d6c3e': ['terminate', 'done'],
  '20261128T183351-c92280': ['cancel', 'done'],
  '20261128T183352-0a348e': ['restore', 'done'],
  '20261128T183406-160158': ['undo', 'done'],
  '20261128T183406-33d2f6': ['restore', 'interrupted'],
  '20261128T183407-20b512': ['migrate up', 'failed'],
} as const;

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  cpSync(join(FIXTURE, 'config.json'), settings);
  cpSync(join(FIXTURE, 'backups'), repository, { recursive: true });
  const runs = join(home, '.local/state/pgdeck/runs');
  cpSync(join(FIXTURE, 'runs'), runs, { recursive: true });
  // as if they had been made on this machine, and on the server of these tests
  const { host, port } = serverTarget();
  const admin = await client(serverTarget());
  const [server] = await admin.sql('SELECT system_identifier::text AS id FROM pg_control_system()');
  await admin.close();
  for (const id of readdirSync(runs)) {
    const plan = join(runs, id, 'plan.json');
    const text = readFileSync(plan, 'utf8').replaceAll('127.0.0.1:45255', `${host}:${port}`);
    writeFileSync(
      plan,
      text
        .replace('"host": "db1"', `"host": "${hostname()}"`)
        .replaceAll('7713292277155116632', String(server?.id)),
    );
  }
});
afterAll(() => db.drop());

const connection = () => {
  const { host, port, user } = serverTarget();
  return ['-h', host, '-p', String(port), '-U', user];
};

test('settings', async () => {
  const { stdout } = await run('profile', 'list', '--json');
  expect(JSON.parse(stdout).profiles).toMatchObject([
    { name: 'shop', host: '127.0.0.1', port: 45255, user: 'postgres', database: 'shop' },
    { name: 'prod', host: 'db.example.com', database: 'shop' },
  ]);
});

test('the journal: every run, and what became of it', async () => {
  const { code, stdout } = await run('runs', 'list', '--json');
  expect(code).toBe(0);
  const { runs } = JSON.parse(stdout) as { runs: { id: string; operation: string; status: string }[] };
  expect(Object.fromEntries(runs.map(({ id, operation, status }) => [id, [operation, status]]))).toEqual(
    RUNS,
  );
});

test.each(Object.keys(RUNS))('the journal: run %s as it went', async (id) => {
  const { code, stdout, stderr } = await run('runs', 'show', id);
  expect([code, stderr]).toEqual([0, '']);
  const { host, port } = serverTarget();
  const shown = readFileSync(join(FIXTURE, 'shown', `${id}.txt`), 'utf8');
  expect(stdout.replaceAll(`${host}:${port}`, '127.0.0.1:45255').replace(`@${hostname()},`, '@db1,')).toBe(
    shown,
  );
});

test('what a killed run has left is removed', async () => {
  const [id, left] = ['20261128T183406-33d2f6', 'shop__restore_20261128T183406'];
  const admin = await client(serverTarget());
  try {
    await admin.sql(`CREATE DATABASE "${left}"`);
    await admin.sql(
      `COMMENT ON DATABASE "${left}" IS '{"pgdeck":"restoring","target":"shop","run":"${id}"}'`,
    );
    const { code, stderr } = await run('recover', id, ...connection(), '--yes');
    expect(code, stderr).toBe(0);
    expect(await admin.sql('SELECT 1 AS it FROM pg_database WHERE datname = $1', [left])).toEqual([]);
  } finally {
    await admin.sql(`DROP DATABASE IF EXISTS "${left}"`);
    await admin.close();
  }
});

test('backups: listed, verified, and restored', async () => {
  const { stdout } = await run('backups', 'list', '--json');
  const { backups } = JSON.parse(stdout) as { backups: { id: string; status: string; safety: boolean }[] };
  expect(backups.map(({ id, status, safety }) => [id, status, safety])).toEqual([
    ['shop_20261128_183406', 'ok', true],
    ['shop_20261128_183352', 'ok', true],
    ['shop_20261128_183347', 'ok', true],
    ['shop_20261128_183342-2', 'ok', false],
    ['shop_20261128_183342', 'ok', false],
    ['shop_20261128_183341', 'ok', false],
  ]);
  for (const { id } of backups) {
    const { code, stderr } = await run('backups', 'verify', id, '--level', 'counts', ...connection());
    expect([id, code], stderr).toEqual([id, 0]);
  }
  const database = `${db.database}_old`;
  const into = await run('restore', 'shop_20261128_183342-2', ...connection(), '--into', database, '--yes');
  expect(into.code, into.stderr).toBe(0);
  const session = await client({ ...serverTarget(), database });
  try {
    expect(await session.sql('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 50 }]);
  } finally {
    await session.close();
    const admin = await client(serverTarget());
    await admin.sql(`DROP DATABASE ${database}`);
    await admin.close();
  }
});
