import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { activityList } from '../../../src/db/queries/activity.ts';
import { backendDetail } from '../../../src/db/queries/backend.ts';
import { tableExactPoll, tableSizes, tableStatsPoll } from '../../../src/db/queries/relations.ts';
import { Reading } from '../../../src/monitor/reading.ts';
import { DEFAULT_WANTS } from '../../../src/monitor/wants.ts';
import { begin } from '../../db/queries/session.ts';
import { serverTarget, until } from '../../support/cluster.ts';

const to = (database: string) => ({ ...serverTarget(), database });
const named = (encoding: string) => `enc_${encoding.toLowerCase()}_${process.pid}`;
const ENCODINGS = ['SQL_ASCII', 'LATIN1', 'EUC_JP', 'EUC_TW'] as const;
const all = { queryChars: 200, limit: 1000, idle: true };
let admin: Session;
let latin: Session;
let over: Promise<unknown>;

beforeAll(async () => {
  admin = await connect(serverTarget(), 'workload', 'test-admin');
  for (const encoding of ENCODINGS)
    await admin.sql(
      `CREATE DATABASE ${named(encoding)} TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`,
    );
  // its statement is shown in every database with the bytes that it has in this one
  latin = await connect(to(named('LATIN1')), 'workload', 'café');
  over = begin(latin, "SELECT pg_sleep(600), 'café'");
  await until(
    async () => (await admin.sql("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length > 0,
    { what: 'the statement' },
  );
});

afterAll(async () => {
  await admin.sql('SELECT pg_terminate_backend($1)', [latin.pid]);
  await over;
  for (const encoding of ENCODINGS)
    await admin.sql(`DROP DATABASE IF EXISTS ${named(encoding)} WITH (FORCE)`);
  await admin.close();
});

test.each([
  ['SQL_ASCII', "SELECT pg_sleep(600), 'caf\\xe9'"],
  ['EUC_JP', "SELECT pg_sleep(600), 'caf\\xe9'"],
  ['LATIN1', "SELECT pg_sleep(600), 'café'"],
  ['EUC_TW', "SELECT pg_sleep(600), 'caf\\xe9'"],
])('in %s a statement of a LATIN1 database costs its own cell at most', async (encoding, query) => {
  const session = await connect(to(named(encoding)), 'fast', 'pgdeck-monitor');
  const own = await connect(to(named(encoding)), 'workload', 'own');
  // a character that both EUC encodings have
  await own.sql(encoding === 'LATIN1' ? "SELECT 'é'" : "SELECT '中'");
  for (let round = 0; round < 2; round++) {
    const rows = await session.run(activityList, all);
    const one = rows.find(({ pid }) => pid === latin.pid);
    expect(one).toMatchObject({ query, usename: 'postgres', datname: named('LATIN1') });
    expect(typeof one?.query_seconds).toBe('number');
    expect(rows.find(({ pid }) => pid === own.pid)?.query).toBe(
      encoding === 'LATIN1' ? "SELECT 'é'" : "SELECT '中'",
    );
  }
  const [detail] = await session.run(backendDetail, { pid: latin.pid, backendStart: null });
  expect(detail).toMatchObject({ query });
  for (const one of [own, session]) await one.close();
});

test('a name with a character that UTF-8 lacks, or with bytes that are none, leaves the other tables as they are', async () => {
  for (const encoding of ['EUC_JP', 'SQL_ASCII']) {
    const owner = await connect(to(named(encoding)), 'workload', 'own');
    await owner.sql('CREATE TABLE "中" AS SELECT generate_series(1, 10) id');
    await owner.sql(
      `DO $$ BEGIN EXECUTE 'CREATE TABLE "a\\b' || convert_from('\\xa9a1', '${encoding}') || '" AS SELECT 1'; END $$`,
    );
    await owner.sql('VACUUM');
    await owner.close();
    const session = await connect(to(named(encoding)), 'slow', 'pgdeck-monitor');
    const names = (await session.run(tableSizes, { limit: 10 })).map(({ relname }) => relname);
    expect(names.toSorted()).toEqual(['a\\b\\xa9\\xa1', '中']);
    const reading = new Reading(session, DEFAULT_WANTS);
    await reading.read([tableExactPoll, tableStatsPoll]);
    expect(reading.part(tableStatsPoll)).toMatchObject({ status: 'ok' });
    await session.close();
  }
});
