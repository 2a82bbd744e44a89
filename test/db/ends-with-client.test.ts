import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Purpose } from '../../src/db/client.ts';
import { endWithClientOptions, endWithClientSql } from '../../src/db/ends-with-client.ts';
import { client, type TestDatabase, testDatabase } from '../support/cluster.ts';
import { until } from '../support/until.ts';

const SETTING = 'client_connection_check_interval';
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

test('what a session of a run waits for is not waited for once its client is gone', async () => {
  const [admin, watcher] = [await client(db.target()), await client(db.target())];
  if (admin.server.major < 14) return;
  await admin.sql('CREATE TABLE held ()');
  await admin.sql('BEGIN');
  await admin.sql('LOCK TABLE held');
  for (const purpose of ['operation', 'migration'] as const) {
    const session = await connect(db.target(), purpose);
    const { pid } = session;
    session.sql('TABLE public.held').catch(() => {});
    const there = async (of: string) =>
      (await watcher.sql(`SELECT FROM pg_stat_activity WHERE pid = $1 AND ${of}`, [pid])).length > 0;
    await until(() => there("wait_event_type = 'Lock'"), { what: `${purpose} waiting` });
    // the server is told nothing, as by the end of the process: what is under way is left
    await session.close();
    await until(async () => !(await there('true')), { what: `the end of ${purpose}`, timeout: 6_000 });
  }
  await admin.sql('ROLLBACK');
});

test.each<[Purpose, string]>([
  ['slow', '2s'],
  ['operation', '2s'],
  ['migration', '2s'],
  ['fast', '0'],
  ['control', '0'],
  ['workload', '0'],
  ['plain', '0'],
])('of %s it is %s', async (purpose, value) => {
  const session = await connect(db.target(), purpose);
  try {
    if (session.server.major < 14) return;
    expect(await session.sql(`SELECT current_setting('${SETTING}') AS value`)).toEqual([{ value }]);
    expect(endWithClientOptions(session.server)).toEqual(value === '0' ? [] : [`-c ${SETTING}=2s`]);
  } finally {
    await session.close();
  }
});

test('what is set on the server is left as it is, and what a server does not know is not asked for', () => {
  const ask = (major: number, settings: Record<string, string>) =>
    endWithClientSql('operation', { major, settings });
  expect(ask(13, {})).toBeUndefined();
  expect(ask(18, { [SETTING]: '10000' })).toBeUndefined();
  // Linux only, at first
  expect(ask(14, { [SETTING]: '0' })).toContain("~* 'linux'");
  expect(ask(15, { [SETTING]: '0' })).toContain("~* 'linux|darwin|bsd'");
  expect(endWithClientOptions({ settings: { [SETTING]: '10000' } })).toEqual([]);
});
