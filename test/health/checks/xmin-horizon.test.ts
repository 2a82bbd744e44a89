import { afterAll, beforeAll, expect, test } from 'vitest';
import { deadRowsPoll, type HorizonRow, horizonPoll } from '../../../src/db/queries/horizon.ts';
import { type LockRow, locksPoll } from '../../../src/db/queries/locks.ts';
import { xminHorizon } from '../../../src/health/checks/xmin-horizon.ts';
import { app, publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { assessed, rowsOf } from '../facts.ts';
import { checkRemedies } from '../remedies.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    'CREATE TABLE orders (id int) WITH (autovacuum_enabled = off)',
    'INSERT INTO orders SELECT generate_series(1, 2000)',
  );
});
afterAll(() => db.drop());

const checks = [xminHorizon];
const thresholds = { long_query_seconds: { normal: 0, alert: 0 } };

test('who keeps dead rows is found with the tables that suffer, until it ends', async () => {
  const [report, writer] = [await app(db), await app(db)];
  await report.sql('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await report.sql('SELECT 1');
  // nothing has died yet
  expect((await lookAt(db.target(), { checks, thresholds })).findings).toEqual([]);
  await publish(db, 'UPDATE orders SET id = id', 'VACUUM orders');
  const held = await until(
    async () => {
      const { findings } = await lookAt(db.target(), { checks, thresholds });
      return findings.length > 0 && findings;
    },
    { what: 'a snapshot older than a second' },
  );
  const object = `postgres@${db.database}`;
  expect(held).toMatchObject([
    {
      id: `xmin_horizon:${object}`,
      severity: 'alert',
      unit: 's',
      remedy: { operation: 'terminate', input: { pid: [String(report.pid)] } },
    },
  ]);
  expect(held[0]?.title).toMatch(
    /^1 session of \S+ holds back VACUUM for 1\.\ds: rows that died in the last \d+/,
  );
  expect(held[0]?.evidence).toMatch(
    /; pid \d+ \(postgres \S+ idle in transaction\); most dead rows: orders \(\d\.\dk, vacuumed \d\.\ds ago\)\.$/,
  );
  expect((await lookAt(db.target(), { checks })).findings).toEqual([]);

  await report.sql('ROLLBACK');
  await writer.sql('VACUUM orders');
  expect(await lookAt(db.target(), { checks, thresholds })).toMatchObject({ findings: [], unknown: [] });
});

test('of those that see as far back, the one whose transaction it is comes first, whoever began before it', async () => {
  const [reader, writer] = [await app(db), await app(db)];
  await reader.sql('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await writer.sql('BEGIN');
  await writer.sql('SELECT txid_current()');
  await reader.sql('SELECT 1');
  await publish(db, 'UPDATE orders SET id = id');
  const evidence = await until(
    async () => {
      const { findings } = await lookAt(db.target(), { checks, thresholds });
      return findings[0]?.evidence.includes(String(writer.pid)) && findings[0].evidence;
    },
    { what: 'both of them' },
  );
  expect(evidence).toContain(`; pid ${writer.pid}, ${reader.pid}, the oldest:`);
  for (const session of [reader, writer]) await session.sql('ROLLBACK');
});

const holder = (row: Partial<HorizonRow>): HorizonRow => ({
  kind: 'session',
  id: '7',
  database: 'shop',
  owner: 'app',
  state: 'idle in transaction',
  detail: 'app idle in transaction',
  catalogs_only: false,
  xids: 20_000,
  seconds: 400,
  ...row,
});
const judged = (...rows: Partial<HorizonRow>[]) =>
  assessed(checks, [[rowsOf(horizonPoll, ...rows.map(holder))]]).findings;

test('each kind of holder has its remedy', async () => {
  const untimed = { seconds: null, xids: 3e5 };
  const found = judged(
    {},
    { id: '8', state: 'active', xids: 30_000 },
    { kind: 'prepared transaction', id: 'two', owner: 'app' },
    { kind: 'replication slot', id: 'a_slot', database: null, detail: 'physical inactive', ...untimed },
    { kind: 'standby', id: '9', database: null, detail: 'the_standby', ...untimed },
  );
  expect(Object.fromEntries(found.map(({ id, remedy }) => [id, remedy]))).toMatchObject({
    // the older one is running: the other would not hear a cancel
    'xmin_horizon:app@shop': { operation: 'cancel', input: { pid: ['8'] } },
    'xmin_horizon:two': { operation: 'prepared', input: { gid: 'two' } },
    'xmin_horizon:a_slot': { sql: "SELECT pg_drop_replication_slot('a_slot')" },
    'xmin_horizon:the_standby': { advice: expect.stringContaining('hot_standby_feedback') },
  });
  expect(found).toHaveLength(4);
  await checkRemedies({ findings: found });
});

test('who waits for a lock is not to be ended: whoever holds it is', () => {
  const rows = (...horizon: Partial<HorizonRow>[]) => [
    rowsOf(horizonPoll, ...horizon.map(holder)),
    rowsOf(locksPoll, { pid: 8, n_blockers: 1 } as LockRow, { pid: 7, n_blockers: 0 } as LockRow),
  ];
  const waiter = { id: '8', state: 'active', xids: 30_000 };
  const [both] = assessed(checks, [rows(waiter, {})]).findings;
  expect(both?.remedy).toMatchObject({ operation: 'terminate', input: { pid: ['7'] } });
  const [alone] = assessed(checks, [rows(waiter)]).findings;
  expect(alone?.remedy).toEqual({ advice: expect.stringContaining('wait for a lock') });
});

test('what matters to nobody is no finding', () => {
  expect(judged({ xids: 9_999 }, { seconds: 60 }, { xids: 0, seconds: 9e9 })).toEqual([]);
  expect(judged({ kind: 'replication slot', id: 's', seconds: null, xids: 99_999 })).toEqual([]);
  const elsewhere = [
    rowsOf(horizonPoll, holder({ database: 'other', xids: 50 })),
    rowsOf(deadRowsPoll, { schemaname: 'public', relname: 't', dead: 5000, vacuum_age_seconds: null }),
  ];
  expect(assessed(checks, [elsewhere]).findings).toEqual([]);
});

test('a logical slot keeps rows of the catalogs, and no table suffers from it', () => {
  const slot = { kind: 'replication slot', id: 'sub', detail: 'logical inactive', seconds: null } as const;
  const rows = [
    rowsOf(horizonPoll, holder({ ...slot, catalogs_only: true, xids: 3e5 })),
    rowsOf(deadRowsPoll, { schemaname: 'public', relname: 't', dead: 5000, vacuum_age_seconds: null }),
  ];
  const [found] = assessed(checks, [rows]).findings;
  expect(found?.title).toContain('rows of the system catalogs that died');
  expect(found?.why).toContain('The catalogs grow');
  expect(found?.evidence).toBe("Read from the server's snapshots now.");
});

test('what keeps rows from being frozen is as bad as it gets', () => {
  const server = { settings: { autovacuum_freeze_max_age: '200000000' } };
  const slot = (xids: number) => holder({ kind: 'replication slot', id: 's', seconds: null, xids });
  const severity = (xids: number) =>
    assessed(checks, [[rowsOf(horizonPoll, slot(xids))]], { server }).findings[0]?.severity;
  expect([1e8 - 1, 1e8, 2e8].map(severity)).toEqual(['warning', 'alert', 'critical']);
});
