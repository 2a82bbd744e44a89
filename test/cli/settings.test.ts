import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/hosts/cluster/cluster.ts';
import { throwawayCluster } from '../support/cluster.ts';
import { cleanEnvironment, pgdeckHere, temporaryDirectory } from '../support/program.ts';

const home = temporaryDirectory();
const env = cleanEnvironment(home);
let cluster: Cluster;
let session: Session;

beforeAll(async () => {
  cluster = await throwawayCluster({
    statement_timeout: '77s',
    primary_conninfo: 'host=x password=Hidden-77-secret',
  });
  session = await connect(cluster.target(), 'workload', 'test');
  await session.sql('CREATE ROLE reader LOGIN');
  await session.sql("ALTER ROLE reader SET work_mem = '5MB'");
  await session.sql("ALTER SYSTEM SET max_connections = '55'");
  await session.sql('SELECT pg_reload_conf()');
});
afterAll(async () => {
  await session.close();
  await cluster.remove();
});

const run = (user: string, ...args: string[]) => {
  const { host, port, database } = cluster.target();
  return pgdeckHere(['-h', host, '-p', String(port), '-U', user, '-d', database, 'settings', ...args], env);
};

interface Listed {
  readonly settings: { readonly name: string; readonly [key: string]: unknown }[];
  readonly file_errors: unknown[];
  readonly not_seen: string[];
}
const json = async (user: string, ...args: string[]): Promise<Listed> =>
  JSON.parse((await run(user, ...args, '--json')).stdout);
const one = ({ settings }: Listed, name: string) => settings.find((setting) => setting.name === name);

test('what differs, where it is from, what waits, and what a role has instead', async () => {
  const { code, stdout, stderr } = await run('postgres');
  expect(code).toBe(0);
  // what waits stands first
  expect(stdout.split('\n')[1]).toMatch(
    /^max_connections +100 +100 +postgresql\.conf:\d+ +restart +waits for a restart, then 55; overrides /,
  );
  expect(stdout).toMatch(/^statement_timeout +77s +0 +pgdeck\.conf:\d+ +reload/m);
  expect(stdout).toMatch(/^work_mem +4MB +4MB +default +reload *\nwork_mem +5MB +role reader +new session/m);
  expect(stdout).toMatch(/^primary_conninfo +\*{8} /m);
  expect(stdout).not.toMatch(/^(application_name|lock_timeout|shared_buffers) /m);
  expect(stderr).toBe('1 setting waits for a restart.\n');
});

test('one object for scripts; nothing in it is of the session of pgdeck, and no secret', async () => {
  const { settings, file_errors } = await json('postgres', '--all');
  expect(file_errors).toEqual([]);
  expect(settings.length).toBeGreaterThan(300);
  expect(one({ settings } as Listed, 'statement_timeout')).toMatchObject({
    ...{
      value: '77000',
      unit: 'ms',
      text: '77s',
      boot_val: '0',
      source: 'file',
      context: 'user',
      takes: 'reload',
    },
    ...{ pending_restart: false, waiting: null, changed: true, sourceline: expect.any(Number) },
  });
  expect(one({ settings } as Listed, 'max_connections')).toMatchObject({
    pending_restart: true,
    waiting: '55',
  });
  expect(one({ settings } as Listed, 'default_transaction_read_only')).toMatchObject({
    value: 'off',
    source: 'default',
  });
  expect(one({ settings } as Listed, 'application_name')).toMatchObject({ value: '', source: 'default' });
  expect(JSON.stringify(settings)).not.toContain('Hidden-77');
});

test('a part of the names, and none', async () => {
  expect((await json('postgres', '--name', 'auto*work_mem')).settings.map(({ name }) => name)).toEqual([
    'autovacuum_work_mem',
  ]);
  const none = await run('postgres', '--name', 'no.such');
  expect([none.code, none.stderr]).toEqual([0, 'No setting has no.such in its name.\n']);
});

test('who may not see all is told so, with what would help', async () => {
  const { code, stderr } = await run('reader');
  expect(code).toBe(0);
  expect(stderr).toMatch(/only superusers may see are not listed.*GRANT pg_read_all_settings TO "reader"/);
  expect(stderr).toMatch(/reader may not read the configuration files/);
  const listed = await json('reader', '--all');
  expect(listed.not_seen).toHaveLength(2);
  expect(one(listed, 'data_directory')).toBeUndefined();
  expect(one(listed, 'work_mem')).toMatchObject({ value: null, source: 'not known', text: '-' });
});

test('advice, by the machine or by what was given, each with its reason, cost and command', async () => {
  const given = ['--advise', '--memory', '8GB', '--cores', '4', '--storage', 'ssd'];
  const { code, stdout } = await run('postgres', ...given);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Machine: 8\.0 GB of memory, 4 cores, SSD$/m);
  expect(stdout).toMatch(
    /^shared_buffers: 128MB -> 2GB {2}\(restart\)\n {2}Why: {2}About a quarter .*\n {2}Cost: A restart.*\n {2}Do: {3}pgdeck settings set shared_buffers 2GB$/m,
  );
  const { machine, advice, sum } = JSON.parse((await run('postgres', ...given, '--json')).stdout);
  expect(machine).toEqual({ memory_bytes: 8 * 1024 ** 3, cores: 4, storage: 'ssd' });
  expect(advice.find(({ name }: { name: string }) => name === 'shared_buffers')).toMatchObject({
    ...{ current: '128MB', advised: '2GB', missing: null, restart: true },
  });
  expect(sum).toMatchObject({ memory_bytes: 8 * 1024 ** 3, most_bytes: expect.any(Number) });
  // this machine is the server's
  const here = JSON.parse((await run('postgres', '--advise', '--json')).stdout);
  expect(here).toMatchObject({
    not_known: null,
    machine: { memory_bytes: expect.any(Number), cores: expect.any(Number) },
  });
});

test('without its machine what depends on that is said to be unknown', async () => {
  const { stdout, stderr } = await run('reader', '--advise');
  expect(stdout).toMatch(/^Machine: memory not known, cores not known, storage not known$/m);
  expect(stdout).toMatch(/^shared_buffers: 128MB {2}not judged: its memory is not known \(--memory 16GB\)$/m);
  expect(stderr).toMatch(/does not tell this role where its files are: GRANT pg_read_all_settings/);
});

test('bad usage is refused', async () => {
  expect((await run('postgres', '--advise', '--memory', 'much')).code).toBe(2);
  expect((await run('postgres', '--cores', '0')).code).toBe(2);
  const bad = await run('postgres', 'set', 'work_mem', '1 banana', '--yes');
  expect([bad.code, bad.stderr]).toEqual([2, expect.stringMatching(/"banana" is none of its units/)]);
  expect((await run('postgres', 'set', 'work_mem', '5MB')).code).toBe(2);
  const unknown = await run('postgres', 'set', 'work_men', '5MB', '--yes');
  expect(unknown.stderr).toMatch(
    /it has .*work_mem.*List them with: pgdeck -h \S+ -p \d+ -U postgres -d postgres settings --all/s,
  );
});

test('set, undone, by the commands that are told', async () => {
  const set = await run('postgres', 'set', 'wal_buffers', '-1', '--yes', '--no-trial');
  // a restart that is not tried wants the name
  expect([set.code, set.stderr]).toEqual([2, expect.stringMatching(/Add --confirm wal_buffers to do it/)]);
  const done = await run('postgres', 'set', 'work_mem', '6MB', '--yes');
  expect(done.code, done.stderr).toBe(0);
  const [, id = ''] = / undo (\d[\w-]+)/.exec(done.stdout + done.stderr) ?? [];
  const { host, port, database } = cluster.target();
  const undone = await pgdeckHere(
    ['-h', host, '-p', String(port), '-U', 'postgres', '-d', database, 'undo', id, '--yes'],
    env,
  );
  expect(undone.code, undone.stderr).toBe(0);
  expect(one(await json('postgres', '--all'), 'work_mem')).toMatchObject({ text: '4MB', source: 'default' });
});
