import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import { type Cluster, createCluster } from '../../../../src/hosts/cluster/cluster.ts';
import { listBackups } from '../../../../src/ops/repository/repository.ts';
import {
  cleanEnvironment,
  MAIN,
  type Outcome,
  pgdeck,
  temporaryDirectory,
} from '../../../support/program.ts';
import { until } from '../../../support/until.ts';

const SECRET = "pl4nted secret:\\'with=signs";
const home = temporaryDirectory();
const own = join(home, 'tmp');
const repository = join(home, 'backups');
let cluster: Cluster;
let session: Session;
let id: string;

beforeAll(async () => {
  mkdirSync(own);
  cluster = await createCluster({ password: SECRET });
  const admin = await connect(cluster.target(), 'workload', 'stage');
  // so slow to load that the programs can be looked at
  await admin.sql("ALTER ROLE postgres SET test.slow = '0.4'");
  await admin.sql('CREATE DATABASE shop');
  await admin.close();
  session = await connect(cluster.target({ database: 'shop' }), 'workload', 'stage');
  await session.sql(`CREATE FUNCTION slow(t text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_catalog.pg_sleep(coalesce(nullif(pg_catalog.current_setting('test.slow', true), ''), '0')::float8);
    RETURN t; END $$`);
  await session.sql("CREATE TABLE things AS SELECT 1 AS id, 'one'::text AS word");
  await session.sql('ALTER TABLE things ADD PRIMARY KEY (id)');
  await session.sql('CREATE INDEX ON things (slow(word))');
  await session.close();
  expect((await watched('backup')).code).toBe(0);
  [{ id } = { id: '' }] = await listBackups(repository);
});
afterAll(() => cluster?.remove());

function environment(more: Record<string, string> = {}): Record<string, string> {
  const { host, port } = cluster.target();
  return cleanEnvironment(home, {
    ...{ PGHOST: host, PGPORT: String(port), PGUSER: 'postgres', PGDATABASE: 'shop', PGPASSWORD: SECRET },
    ...{ BACKUP_DIR: repository, TMPDIR: own, ...more },
  });
}

interface Watched {
  readonly code: number | null;
  /** Programs that were seen at work. */
  readonly seen: ReadonlySet<string>;
}

const PROGRAMS = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql', 'vacuumdb', 'sh'];

/** Runs pgdeck, and looks at every process, and at the environment of those that it starts, while it runs. */
async function watched(...args: string[]): Promise<Watched> {
  return watchedWith({}, ...args);
}

async function watchedWith(more: Record<string, string>, ...args: string[]): Promise<Watched> {
  const env = environment(more);
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  const seen = new Set<string>();
  const leaks = new Set<string>();
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        if (args.join(' ').includes('pl4nted')) leaks.add(args.join(' '));
        const name = args[0]?.split('/').at(-1) ?? '';
        if (!PROGRAMS.includes(name)) continue;
        seen.add(name);
        if (readFileSync(`/proc/${pid}/environ`, 'utf8').includes('pl4nted')) leaks.add(name);
      } catch {
        // it has ended meanwhile, or is another user's
      }
  };
  const looking = setInterval(look, 40);
  const [code] = await ended;
  clearInterval(looking);
  expect([...leaks]).toEqual([]);
  expect(said).not.toContain('pl4nted');
  expect(found()).toEqual([]);
  return { code, seen };
}

/** Files that hold it. */
function found(): string[] {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      try {
        return readFileSync(path).includes('pl4nted');
      } catch (error) {
        // gone since it was listed: one that is read through its descriptor has its name for a moment
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      }
    });
}

const secrets = () => readdirSync(own).filter((name) => name.startsWith('pgdeck-secret-'));

test('a restore with its safety backup, and its undo', async () => {
  const { code, seen } = await watched('restore', id, '--confirm', 'shop', '--before', 'sleep 0.1');
  expect(code).toBe(0);
  expect([...seen]).toEqual(expect.arrayContaining(['pg_restore', 'sh']));
  const { stdout } = await output('runs', 'list', '--json');
  const [run] = JSON.parse(stdout).runs;
  expect((await watched('undo', run.id, '--confirm', 'shop')).code).toBe(0);
  expect(secrets()).toEqual([]);
});

test('a restore of tables, and a proof', async () => {
  expect(
    (await watched('restore', id, '--table', 'things', '--mode', 'merge', '--confirm', 'shop')).code,
  ).toBe(0);
  const { code, seen } = await watched('backups', 'verify', id, '--level', 'restore');
  expect(code).toBe(0);
  expect([...seen]).toContain('pg_restore');
  expect(secrets()).toEqual([]);
});

test.each(['safety-dump', 'load', 'swap:renamed'])('a crash at %s, and what recover says', async (point) => {
  const crashed = await watchedWith({ PGDECK_CRASH_AT: point }, 'restore', id, '--confirm', 'shop', '--json');
  expect(crashed.code).toBe(null);
  expect((await watched('recover', '--yes')).code).toBe(0);
  expect(secrets()).toEqual([]);
});

test('a kill in the middle of the load leaves no file with the password, and recover connects with its own', async () => {
  const env = environment();
  const args = ['restore', id, '--confirm', 'shop', '--no-safety-backup', '--json'];
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const gone = once(child, 'exit');
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  await until(() => said.includes('pg_restore'), { what: 'the load', timeout: 20_000 });
  expect(found()).toEqual([]);
  child.kill('SIGKILL');
  await gone;
  expect([found(), secrets()]).toEqual([[], []]);
  expect((await watched('recover', '--yes')).code).toBe(0);
});

test('a wrong password is told by the server, and not by us', async () => {
  const { code, stderr } = await output('restore', id, '--confirm', 'shop', '-U', 'nobody_pl4nted');
  expect([code, stderr]).toEqual([3, expect.stringContaining('refused the login')]);
});

function output(...args: string[]): Promise<Outcome> {
  return pgdeck(args, environment({ PGPASSWORD: `not ${SECRET}` }));
}
