import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { quoteIdent } from '../../../src/db/ident.ts';
import { type Cluster, createCluster } from '../../../src/hosts/cluster/cluster.ts';
import { withSecretFiles } from '../../../src/ops/files/secret-files.ts';
import { databaseArgument, withClientEnvironment } from '../../../src/ops/programs/environment.ts';
import type { ClientProgram } from '../../../src/ops/programs/package.ts';
import { findClients } from '../../../src/ops/programs/programs.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { contextFor } from './stage.ts';

const PASSWORD = 's3cret:with\\all"of\'it';
const home = temporaryDirectory();
let cluster: Cluster;
beforeAll(async () => {
  cluster = await createCluster({ password: PASSWORD });
});
afterAll(() => cluster.remove());

test.each(['a=b', "o'clock", 'back\\slash', 'postgres://x', '"quoted"', '数据库'])(
  'psql connects to %j as pgdeck does, with a password that nobody sees',
  async (name) => {
    const context = contextFor(cluster.target(), home);
    const admin = await context.open('test');
    await admin.sql(`CREATE DATABASE ${quoteIdent(name)}`);
    const { clients } = await findClients(context, admin.server, ['psql']);
    vi.stubEnv('PGOPTIONS', '-c search_path=nowhere');
    vi.stubEnv('PGDATABASE', 'nowhere');
    let file = '';
    const said = await withClientEnvironment(context, 'pgdeck:test', async (env) => {
      expect(env).not.toHaveProperty('PGPASSWORD', expect.anything());
      file = env.PGPASSFILE ?? '';
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const query =
        "SELECT current_database(), current_setting('application_name'), current_setting('search_path')";
      return context.host.run(
        clients?.path('psql') ?? '',
        ['-XAtw', '-d', databaseArgument(name), '-c', query],
        { env },
      );
    });
    vi.unstubAllEnvs();
    expect(said.stderr).toBe('');
    expect(said.stdout).toBe(`${name}|pgdeck:test|"$user", public\n`);
    expect(existsSync(file)).toBe(false);
    await admin.close();
    await context.close();
  },
);

test.skipIf(process.platform !== 'linux')(
  'the file has no name, and programs that connect several times or start others read it every time',
  async () => {
    const context = contextFor(cluster.target(), home);
    const admin = await context.open('test');
    await admin.sql('CREATE TABLE public.one AS SELECT 1 AS n');
    await admin.sql('CREATE TABLE public.two AS SELECT 2 AS n');
    await admin.sql('CREATE DATABASE again');
    const { clients } = await findClients(context, admin.server, [
      'pg_dump',
      'pg_restore',
      'pg_dumpall',
      'vacuumdb',
    ]);
    const dump = join(home, 'parallel');
    const commands: [ClientProgram, ...string[]][] = [
      ['pg_dump', '-w', '-Fd', '-j2', '-f', dump, '-d', 'postgres'],
      ['pg_restore', '-w', '-j2', '-d', 'again', dump],
      ['pg_dumpall', '-w', '-f', join(home, 'all.sql')],
      ['vacuumdb', '-w', '-j2', '-a', '-Z'],
    ];
    await withClientEnvironment(context, 'pgdeck:test', async (env) => {
      const at = readlinkSync(env.PGPASSFILE ?? '');
      expect(at).toMatch(/ \(deleted\)$/);
      expect(existsSync(at.replace(' (deleted)', ''))).toBe(false);
      for (const [program, ...args] of commands) {
        const { exitCode, stderr } = await context.host.run(clients?.path(program) ?? '', args, { env });
        expect([program, exitCode, stderr]).toEqual([program, 0, '']);
      }
      const piped = await context.host.pipe(
        [
          { command: clients?.path('pg_dump') ?? '', args: ['-w', '-d', 'again'] },
          { command: 'cat', args: [] },
        ],
        { env },
      );
      expect(piped.stdout).toContain('CREATE TABLE public.two');
    });
    await admin.close();
    await context.close();
  },
);

test('without a password there is no file, and the variables of the caller do not get in', async () => {
  vi.stubEnv('PGPASSFILE', '/nowhere');
  vi.stubEnv('PGSERVICE', 'nowhere');
  vi.stubEnv('PGDECK_KEPT', '1');
  const context = contextFor({ ...cluster.target(), connectTimeout: 0 }, home);
  const env = await withClientEnvironment(context, 'x', async (e) => e);
  vi.unstubAllEnvs();
  expect(env).toMatchObject({ PGPASSFILE: undefined, PGSERVICE: undefined, PGCONNECT_TIMEOUT: undefined });
  expect(env).not.toHaveProperty('PGDECK_KEPT');
});

test('certificates are passed on as files, and the name that is checked beside the address', async () => {
  const context = contextFor(
    {
      ...cluster.target(),
      sslmode: 'verify-full',
      tls: { servername: 'db.example', passphrase: 'of the key' },
      tlsFiles: { root: 'system', certificate: '/c.crt', key: '/c.key' },
    },
    home,
  );
  await withClientEnvironment(context, 'x', async (env) => {
    expect(env).toMatchObject({
      PGHOST: 'db.example',
      PGHOSTADDR: '127.0.0.1',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: 'system',
      PGSSLCERT: '/c.crt',
      PGSSLKEY: '/c.key',
      PGSERVICE: 'pgdeck',
    });
    expect(readFileSync(env.PGSERVICEFILE ?? '', 'utf8')).toBe('[pgdeck]\nsslpassword=of the key\n');
  });
});

test('what a killed process has left is removed by the next that starts, what a living one uses is not', async () => {
  const left = join(tmpdir(), `pgdeck-secret-left-${process.pid}`);
  const used = join(tmpdir(), `pgdeck-secret-used-${process.pid}`);
  for (const [directory, host] of [
    [left, hostname()],
    [used, 'elsewhere'],
  ] as const) {
    mkdirSync(directory, { mode: 0o700 });
    writeFileSync(
      join(directory, 'owner.json'),
      JSON.stringify({ host, pid: 4_000_000, process_started: '1' }),
    );
  }
  contextFor(cluster.target(), home);
  // another process of this machine may be at it as well
  const there = (path: string) => expect.poll(() => existsSync(path), { timeout: 5_000 });
  await there(left).toBe(false);
  expect(existsSync(used)).toBe(true);
  writeFileSync(
    join(used, 'owner.json'),
    JSON.stringify({ host: hostname(), pid: 4_000_000, process_started: '1' }),
  );
  contextFor(cluster.target(), home);
  await there(used).toBe(false);
});

test('where /proc leads nowhere, it is in a directory that only its user may enter, and gone afterwards', async () => {
  vi.spyOn(process, 'pid', 'get').mockReturnValue(4_000_001);
  const { directory, mode, text } = await withSecretFiles(
    { password: PASSWORD, passphrase: undefined },
    async ({ passfile = '' }) => ({
      directory: dirname(passfile),
      mode: [statSync(dirname(passfile)).mode & 0o777, statSync(passfile).mode & 0o777],
      text: readFileSync(passfile, 'utf8'),
    }),
  );
  vi.restoreAllMocks();
  expect([mode, text.endsWith('\n'), text.split(':').length > 5]).toEqual([[0o700, 0o600], true, true]);
  expect(directory.startsWith(tmpdir())).toBe(true);
  expect(existsSync(directory)).toBe(false);
});
