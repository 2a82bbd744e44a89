import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
    shared_preload_libraries: 'pg_stat_statements',
  });
  session = await connect(cluster.target(), 'workload', 'test');
  await session.sql('CREATE EXTENSION pg_stat_statements');
  await session.sql('CREATE DATABASE elsewhere');
  await session.sql('CREATE SCHEMA app');
  await session.sql('CREATE TABLE app.orders (id int PRIMARY KEY, at timestamptz, note text)');
});
afterAll(async () => {
  await session.close();
  await cluster.remove();
});

const run = (...args: string[]) => {
  const { host, port, database } = cluster.target();
  return pgdeckHere(
    ['-h', host, '-p', String(port), '-U', 'postgres', '-d', database, 'explain', ...args],
    env,
  );
};

/** Runs a text as an application does, and answers its query id. */
async function idOf(
  text: string,
  marker: string,
  database = cluster.target().database,
  before = '',
): Promise<string> {
  const app = await connect({ ...cluster.target(), database }, 'workload', 'app');
  if (before !== '') await app.sql(before);
  await app.sql(text).catch(() => undefined);
  await app.close();
  const [row] = await session.sql(
    `SELECT queryid::text AS id FROM pg_stat_statements WHERE query LIKE '%' || $1 || '%' AND query NOT LIKE '%pg_stat_statements%'`,
    [marker],
  );
  return String(row?.id);
}

test('the plan of a text, as a tree in 80 columns and as the server gives it', async () => {
  const { code, stdout, stderr } = await run('SELECT * FROM app.orders WHERE id = $1 ORDER BY at');
  expect(code, stderr).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^ COST +ROWS +NODE$/);
  expect(stdout).toMatch(
    /Sort\n[\s\S]*-> Index Scan using orders_pkey on orders\n +Index Cond: \(id = \$1\)/,
  );
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  const json = JSON.parse((await run('SELECT 1', '--json')).stdout);
  expect(json).toEqual([{ Plan: expect.objectContaining({ 'Node Type': 'Result' }) }]);
});

test('of a file, of pg_stat_statements, and of another database', async () => {
  writeFileSync(join(home, 'q.sql'), '-- a comment\nSELECT count(*) FROM app.orders;\n');
  expect((await run('--file', join(home, 'q.sql'))).stdout).toContain('Aggregate');
  const id = await idOf(
    "SELECT note AS here_n FROM app.orders WHERE at > now() - '1 day'::interval",
    'here_n',
  );
  const here = await run('--statement', id);
  expect(here.code, here.stderr).toBe(0);
  expect(here.stdout).toMatch(/Scan on orders[\s\S]*\$1/);
  expect(here.stderr).toMatch(/^Run by postgres in /);
  const other = await connect({ ...cluster.target(), database: 'elsewhere' }, 'workload', 'app');
  await other.sql('CREATE TABLE only_there (id int)');
  await other.close();
  const there = await run(
    '--statement',
    await idOf('SELECT id AS there_n FROM only_there', 'there_n', 'elsewhere'),
  );
  expect(there.stdout, there.stderr).toContain('Seq Scan on only_there');
});

test('the search_path that the role is set to is taken; another one is said where a name is not found', async () => {
  const id = await idOf('SELECT id AS path_n FROM orders', 'path_n', undefined, 'SET search_path = app');
  const missing = await run('--statement', id);
  expect(missing).toMatchObject({ code: 1, stdout: '' });
  expect(missing.stderr).toMatch(/"orders" does not exist.* It was run by postgres in .*search_path/);
  await session.sql('ALTER ROLE postgres SET search_path = app');
  expect((await run('--statement', id)).stdout).toContain('Seq Scan on orders');
  await session.sql('ALTER ROLE postgres RESET search_path');
});

test.each([
  [[], /There is nothing to explain/],
  [['SELECT 1', '--statement', '1'], /More than one statement/],
  [['--statement', '99999999999999999999'], /is no query id/],
  [['--statement', '42'], /has no statement 42/],
  [['SELECT 1; SELECT 2'], /holds 2 statements, and a plan is of one/],
  [['VACUUM'], /Only SELECT/],
  [['--file', '/nowhere.sql'], /nowhere\.sql/],
])('%j is refused', async (args, why) => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(why);
});

test('nothing is planned that could run functions of others, unless that is said', async () => {
  await session.sql('CREATE ROLE somebody');
  await session.sql('CREATE FUNCTION app.f() RETURNS int IMMUTABLE LANGUAGE sql AS $$SELECT 1$$');
  await session.sql('ALTER FUNCTION app.f() OWNER TO somebody');
  const { code, stderr } = await run('SELECT 1');
  expect(code).toBe(2);
  expect(stderr).toMatch(/functions of somebody with the rights of postgres/);
  expect((await run('SELECT 1', '--yes')).code).toBe(0);
  await session.sql('DROP FUNCTION app.f()');
});
