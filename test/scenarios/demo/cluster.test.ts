import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test, vi } from 'vitest';
import { connect } from '../../../src/db/client.ts';
import { findBinaries } from '../../../src/hosts/cluster/binaries.ts';
import { type Cluster, createCluster } from '../../../src/hosts/cluster/cluster.ts';
import { run } from '../../../src/hosts/local.ts';
import { until } from '../../support/until.ts';

const PARENT = new URL('../../support/cluster-parent.ts', import.meta.url).pathname;
const { bin } = inject('postgres');

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'pgdeck-test-'));
  await chmod(parent, 0o755);
});
afterEach(() => rm(parent, { recursive: true }));

async function processes(containing: string): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'pid,stat,args']);
  return stdout.split('\n').filter((line) => line.includes(containing) && !/^\s*\d+ Z/.test(line));
}

async function gone(): Promise<void> {
  await until(async () => (await readdir(parent)).length === 0, {
    what: 'an empty directory',
    timeout: 8_000,
  });
  await until(async () => (await processes(parent)).length === 0, { what: 'no process', timeout: 8_000 });
}

async function ask(cluster: Cluster, sql: string): Promise<unknown> {
  const session = await connect(cluster.target(), 'workload');
  const [row] = await session.sql(sql);
  await session.close();
  return Object.values(row ?? {})[0];
}

test('a cluster starts, stops, starts again at the same port, and is removed with everything', async () => {
  const cluster = await createCluster({
    bin,
    settings: { max_connections: '11', log_line_prefix: "it''s " },
  });
  try {
    expect(await ask(cluster, 'SHOW max_connections')).toBe('11');
    expect(await ask(cluster, 'SHOW server_encoding')).toBe('UTF8');
    const { port } = cluster;
    const lock = join(cluster.dataDir, 'postmaster.pid');
    await cluster.stop('smart');
    expect(existsSync(lock)).toBe(false);
    await expect(ask(cluster, 'SELECT 1')).rejects.toMatchObject({ kind: 'unreachable' });
    await cluster.start();
    await cluster.restart('immediate');
    expect(cluster.port).toBe(port);
    expect(await ask(cluster, 'SHOW port')).toBe(String(port));
    expect(await readFile(cluster.logFile, 'utf8')).toContain('ready to accept connections');
  } finally {
    await Promise.all([cluster.remove(), cluster.remove()]);
  }
  expect(existsSync(cluster.dataDir)).toBe(false);
  expect(await processes(cluster.dataDir)).toEqual([]);
  await expect(cluster.start()).rejects.toThrow('removed');
});

test('with a password nobody gets in without it; a cluster can be without a TCP port', async () => {
  const cluster = await createCluster({ bin, superuser: 'boss', password: "it's", socketOnly: true });
  try {
    const target = cluster.target();
    expect(target).toMatchObject({ user: 'boss', host: cluster.socketDir });
    expect(await ask(cluster, 'SELECT current_user')).toBe('boss');
    const wrong = connect({ ...target, password: async () => 'wrong' }, 'workload');
    await expect(wrong).rejects.toMatchObject({ kind: 'auth' });
    await expect(connect({ ...target, host: '127.0.0.1' }, 'workload')).rejects.toMatchObject({
      kind: 'unreachable',
    });
  } finally {
    await cluster.remove();
  }
});

test('a server that does not start says why and leaves nothing', async () => {
  vi.stubEnv('TMPDIR', parent);
  const created = createCluster({ bin, settings: { shared_preload_libraries: 'no_such_library' } });
  await expect(created).rejects.toThrow('The server did not start: could not access file "no_such_library"');
  vi.unstubAllEnvs();
  await gone();
});

test('a directory without PostgreSQL is refused', async () => {
  await expect(findBinaries(parent)).rejects.toMatchObject({ kind: 'missing' });
});

/** Runs a parent with a cluster, and kills it as soon as the condition holds. */
async function killParent(when: (lines: readonly string[]) => boolean | Promise<boolean>): Promise<void> {
  const lines: string[] = [];
  let pid = 0;
  const ended = run(process.execPath, [PARENT, bin], {
    env: { TMPDIR: parent },
    onLine: (line) => lines.push(line),
    onStart: (started) => {
      pid = started;
    },
  }).catch((error: unknown) => error);
  await until(() => when(lines), { what: 'the moment to kill the parent', timeout: 20_000 });
  process.kill(pid, 'SIGKILL');
  expect(await ended).toMatchObject({ kind: 'signal' });
}

test('when the parent is killed, the server and its files go', async () => {
  await killParent((lines) => lines.some((line) => line.includes('dataDir')));
  await gone();
});

test('when the parent is killed while the cluster is made, nothing stays either', async () => {
  await killParent(async () => (await processes(parent)).some((line) => line.includes('initdb')));
  await gone();
});

test('a cluster to keep leaves its files, shut down cleanly, and no process', async () => {
  vi.stubEnv('TMPDIR', parent);
  const cluster = await createCluster({ bin, keep: true, socketOnly: true });
  vi.unstubAllEnvs();
  await cluster.remove();
  expect(await processes(parent)).toEqual([]);
  expect(await readFile(cluster.logFile, 'utf8')).toContain('database system is shut down');
  expect(existsSync(join(cluster.dataDir, 'PG_VERSION'))).toBe(true);
});
