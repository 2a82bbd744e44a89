import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { missingRights } from '../../src/cli/profile/probe.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../support/program.ts';

const home = temporaryDirectory();
let serial = 0;

/** A program with a settings file of its own. */
function fresh(text?: string) {
  const file = join(home, `settings-${++serial}.json`);
  if (text !== undefined) writeFileSync(file, text);
  const env = cleanEnvironment(home, { PGDECK_CONFIG: file });
  return {
    file,
    settings: () => JSON.parse(readFileSync(file, 'utf8')),
    run: (...args: string[]) => pgdeckHere(args, env),
  };
}

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('add, list, show and remove', async () => {
  const { run, settings } = fresh();
  const add = await run(
    'profile',
    'add',
    'shop',
    '-h',
    'db',
    '-p',
    '6000',
    '-d',
    'shop',
    '--environment',
    'production',
    '--default',
  );
  expect(add).toMatchObject({ code: 0, stdout: '' });
  expect(settings()).toEqual({
    profiles: { shop: { host: 'db', port: 6000, database: 'shop', environment: 'production' } },
    defaultProfile: 'shop',
  });

  const list = await run('profile', 'list');
  expect(list.stdout).toBe(
    'NAME  SERVER        ENVIRONMENT  READ ONLY  DEFAULT\nshop  db:6000/shop  production   yes        yes\n',
  );
  expect(JSON.parse((await run('profile', 'list', '--json')).stdout)).toMatchObject({
    profiles: [{ name: 'shop', host: 'db', environment: 'production', read_only: true, default: true }],
  });

  const show = JSON.parse((await run('profile', 'show', 'shop', '-p', '7000', '--json')).stdout);
  expect(show.profile).toMatchObject({
    host: 'db',
    port: 7000,
    read_only: true,
    thresholds: { slow_query_ms: 1000 },
  });
  expect(show.profile.from).toMatchObject({ host: 'profile shop', port: '-p' });

  expect(await run('profile', 'add', 'shop', '-h', 'x')).toMatchObject({ code: 2 });
  expect(await run('profile', 'remove', 'shop')).toMatchObject({ code: 0 });
  expect(settings()).toEqual({ profiles: {} });
  expect(await run('profile', 'remove', 'shop')).toMatchObject({ code: 2 });
});

test('a connection string is taken apart; what may write can be said', async () => {
  const { run, settings } = fresh();
  await run(
    'profile',
    'add',
    'a',
    '-d',
    'host=h user=u connect_timeout=3',
    '--environment',
    'production',
    '--no-read-only',
  );
  await run('profile', 'add', 'b', '--url', 'postgres://u@h:1/d?sslmode=require', '--read-only');
  expect(settings().profiles).toEqual({
    a: { host: 'h', user: 'u', connect_timeout: 3, environment: 'production', readOnly: false },
    b: { host: 'h', port: 1, user: 'u', database: 'd', sslmode: 'require', readOnly: true },
  });
});

test.each([
  [['--url', 'postgres://u:geheim@h/d'], /Passwords are not kept/],
  [['-d', 'host=h password=geheim'], /Passwords are not kept/],
  [['-h', 'h', '-p', 'x'], /port is not valid/],
  [['-h', 'h', '--environment', 'live'], /environment is not valid.*development, staging, production/],
  [['-h', 'h', '--sslmode', 'on'], /sslmode is not valid/],
  [[], /Nothing says which server/],
])('add refuses %j and writes nothing', async (args, message) => {
  const { run, file } = fresh();
  const { code, stderr } = await run('profile', 'add', 'x', ...args);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr).not.toContain('geheim');
  expect(() => readFileSync(file)).toThrow('ENOENT');
});

test('a bad settings file stops every command that needs it, with its place, and stays as it is', async () => {
  const text = '{"profiles": {"prod": {"port": "x"}}}';
  const { run, file } = fresh(text);
  for (const args of [['profile', 'list'], ['profile', 'remove', 'prod'], ['profile', 'test'], ['--once']]) {
    const { code, stdout, stderr } = await run(...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`pgdeck: ${file}:1:24: field "profiles.prod.port": expected a number, got "x"`);
  }
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('test tells what the server is and which rights are missing', async () => {
  const role = await db.roleWith('pg_monitor');
  const { host, port, database } = db.target();
  const { run } = fresh(JSON.stringify({ profiles: { t: { host, port, user: role, database } } }));
  const { code, stdout } = await run('profile', 'test', 't', '--json');
  expect(code).toBe(0);
  const { test: found } = JSON.parse(stdout);
  expect(found).toMatchObject({ name: 't', role, state: 'primary', tls: null });
  expect(found.latency_ms).toBeGreaterThan(0);
  expect(found.missing[0]).toMatchObject({
    role: 'pg_signal_backend',
    grant: `GRANT pg_signal_backend TO "${role}"`,
  });
  const text = await run('profile', 'test', 't');
  expect(text.stdout).toContain(`missing         pg_signal_backend`);
});

test('a superuser misses nothing, a plain role everything', async () => {
  const [superuser, plain] = [await client(db.target()), await client(db.target(await db.roleWith()))];
  expect(missingRights(superuser.server)).toEqual([]);
  expect(missingRights(plain.server).map(({ role }) => role)).toEqual(
    ['pg_monitor', 'pg_signal_backend', 'pg_signal_autovacuum_worker'].slice(
      0,
      plain.server.major >= 18 ? 3 : 2,
    ),
  );
});

test('a server that is not there: exit 3', async () => {
  const { run } = fresh('{}');
  const { code, stdout, stderr } = await run('profile', 'test', '-h', home, '-p', '5999', '--json');
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr).toMatch(/There is no socket at .*5999/);
});

test('a database that does not exist: exit 3', async () => {
  const { host, port } = db.target();
  const { run } = fresh('{}');
  const { code, stderr } = await run(
    'profile',
    'test',
    '-h',
    host,
    '-p',
    String(port),
    '-U',
    'postgres',
    '-d',
    'nope',
  );
  expect(code).toBe(3);
  expect(stderr).toMatch(/database nope does not exist/);
});

test('a server is not looked for elsewhere when the settings file that was named is not there', async () => {
  const { host, port, user, database } = db.target();
  const env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
  });
  const file = join(home, 'mistyped.json');
  const refused = {
    code: 2,
    stdout: '',
    stderr: expect.stringContaining(`There is no settings file ${file}.`),
  };
  expect(await pgdeckHere(['--config', file, 'show', 'database'], env)).toMatchObject(refused);
  expect(await pgdeckHere(['show', 'database'], { ...env, PGDECK_CONFIG: file })).toMatchObject(refused);
  expect(await pgdeckHere(['show', 'database'], env)).toMatchObject({ code: 0 });
});

test('who is told outside is no part of the list: it stands for secrets', async () => {
  const { run, file } = fresh();
  const notify = { webhooks: ['https://hooks.example.com/s3cret'], listen_token: 's3cret' };
  writeFileSync(file, JSON.stringify({ profiles: { shop: { host: 'db', notify } }, notify }), {
    mode: 0o600,
  });
  for (const words of [['list'], ['list', '--json'], ['show', 'shop'], ['show', 'shop', '--json']]) {
    const { code, stdout, stderr } = await run('profile', ...words);
    expect([code, stdout]).toEqual([0, expect.stringContaining('shop')]);
    expect(stdout + stderr).not.toContain('s3cret');
  }
});
