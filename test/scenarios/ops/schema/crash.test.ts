import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { throwawayCluster, until } from '../../../support/cluster.ts';
import { cleanEnvironment, MAIN, pgdeck, temporaryDirectory } from '../../../support/program.ts';

const home = temporaryDirectory();
const dir = join(home, 'migrations');
/** Of its own: what killed runs of others have left is put right, too. */
let cluster: Cluster;
let session: Session;
let env: Record<string, string>;

beforeAll(async () => {
  cluster = await throwawayCluster();
  const { host, port, database } = cluster.target();
  session = await connect(cluster.target(), 'workload', 'test');
  env = cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGDATABASE: database,
    BACKUP_DIR: join(home, 'backups'),
  });
  await session.sql('CREATE TABLE t (id int PRIMARY KEY)');
  expect((await pgdeck(['backup'], env)).code).toBe(0);
  mkdirSync(dir);
});
afterAll(async () => {
  await session?.close();
  await cluster?.remove();
});

const migration = (sql: string) =>
  writeFileSync(
    join(dir, '20260101000000_t.sql'),
    `-- migrate:up\n${sql};\n-- migrate:down\nDROP TABLE t;\n`,
  );
const soon = (condition: () => Promise<boolean>) =>
  until(condition, { what: 'what is waited for', timeout: 20_000 });
const shadows = async () =>
  (
    await session.sql(`SELECT datname::text AS name FROM pg_database WHERE datname LIKE 'pgdeck_shadow%'`)
  ).map(({ name }) => String(name));

test.each([['latest'], [`migrations:${dir}`]])(
  'killed with a shadow database (%s): recover finds and drops it',
  async (against) => {
    migration('CREATE TABLE t (id int PRIMARY KEY)');
    const killed = await pgdeck(['schema', 'check', '--against', against], {
      ...env,
      PGDECK_CRASH_AT: 'expected:loaded',
    });
    expect(killed.code).toBe(null);
    const [left, ...more] = await shadows();
    expect(more).toEqual([]);
    expect(left).toMatch(/^pgdeck_shadow_\d{8}T\d{6}-[0-9a-f]{6}$/);
    // the server has to notice that the client is gone
    await soon(async () => {
      const plan = await pgdeck(['recover', '--plan'], env);
      return plan.stdout.includes(`DROP DATABASE`) && plan.stdout.includes(String(left));
    });
    const recovered = await pgdeck(['recover', '--yes', '--confirm', `${env.PGHOST}:${env.PGPORT}`], env);
    expect(recovered.code, recovered.stdout + recovered.stderr).toBe(0);
    expect(await shadows()).toEqual([]);
    // and it can be done again
    expect((await pgdeck(['schema', 'check', '--against', against], env)).code).toBe(0);
  },
);

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s while migrations are replayed: it ends soon, with no verdict and nothing left',
  async (signal) => {
    migration('SELECT pg_sleep(600)');
    const child = spawn(
      process.execPath,
      [MAIN, 'schema', 'check', '--against', `migrations:${dir}`, '--json'],
      {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    await soon(async () => {
      const rows = await session.sql(
        `SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'`,
      );
      return rows.length > 0;
    });
    const began = performance.now();
    child.kill(signal);
    expect(await ended).toBe(3);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'error', issues: [] });
    expect(await shadows()).toEqual([]);
    const busy = await session.sql(
      `SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND pid <> pg_backend_pid()`,
    );
    expect(busy).toEqual([]);
  },
);

test('^C while a list waits for a lock: nothing is left', async () => {
  const list = join(home, 'list.json');
  writeFileSync(list, '{"tables":{"t":{"columns":{"id":"int primary key"}}}}');
  // the snapshot of a view waits for its table
  await session.sql('CREATE VIEW of_t AS SELECT * FROM t');
  await session.sql('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
  const child = spawn(process.execPath, [MAIN, 'schema', 'check', '--against', list], {
    env,
    stdio: 'ignore',
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const other = await connect(cluster.target(), 'workload', 'test');
  await soon(async () => {
    const rows = await other.sql(
      `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE 'pgdeck%' AND datname = current_database()`,
    );
    return rows.length > 0;
  });
  child.kill('SIGINT');
  expect(await ended).toBe(3);
  await session.sql('ROLLBACK');
  expect(await other.sql(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pgdeck_%'`)).toEqual([]);
});
