import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../../src/db/client.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { throwawayCluster } from '../../support/cluster.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from '../../support/program.ts';

const home = temporaryDirectory();
let cluster: Cluster;

async function run(database: string, ...queries: string[]): Promise<void> {
  const session = await connect({ ...cluster.target(), database }, 'workload', 'client');
  for (const sql of queries) await session.sql(sql);
  await session.close();
}

beforeAll(async () => {
  const settings = { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'all' };
  cluster = await throwawayCluster(settings);
  const extension = 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements';
  await run(
    'postgres',
    extension,
    "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'",
  );
  // as a client sends it that speaks LATIN1 to a database which takes any bytes: SELECT 1 AS caf, and E9
  const sent = `'\\x53454c454354203120415320636166e9'::bytea`;
  await run('bytes', extension, `DO $$ BEGIN EXECUTE convert_from(${sent}, 'SQL_ASCII'); END $$`);
});
afterAll(() => cluster?.remove());

async function statements(database: string, ...flags: string[]) {
  const { host, port, user } = cluster.target();
  const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
  return pgdeck(['show', 'statements', ...flags], cleanEnvironment(home, env));
}

test('a statement whose bytes the encoding lacks: why there is no text is said, and where there is', async () => {
  const text = await statements('postgres');
  expect(text.stdout).toMatch(/without their text: one has bytes that this database’s encoding lacks/);
  expect(text.stdout).not.toContain('not read yet');
  const { texts_unknown, texts_reason, rows } = JSON.parse((await statements('postgres', '--json')).stdout);
  expect([texts_unknown, texts_reason]).toEqual([rows.length, expect.stringContaining('SQL_ASCII')]);

  const there = JSON.parse((await statements('bytes', '--json')).stdout);
  expect(there).toMatchObject({ texts_unknown: 0, texts_reason: null });
  expect(there.rows.map((row: { query: string }) => row.query)).toContainEqual(
    expect.stringMatching(/^SELECT \$1 AS caf/),
  );
});
