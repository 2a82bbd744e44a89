import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AnyPoll } from '../../../src/db/poll.ts';
import { type HorizonRow, horizonPoll } from '../../../src/db/queries/horizon.ts';
import { autovacuumPoll, type DueTable, maintainDuePoll } from '../../../src/db/queries/maintain/due.ts';
import { vacuumDue } from '../../../src/health/checks/vacuum-due.ts';
import { app, publish } from '../../db/queries/session.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { assessed, rowsOf } from '../facts.ts';
import { lookAt } from '../stage.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await publish(
    db,
    'CREATE TABLE orders (id int) WITH (autovacuum_enabled = off)',
    'INSERT INTO orders SELECT generate_series(1, 5000)',
    // by its own threshold; by those of the server it would not be due
    'CREATE SCHEMA sales CREATE TABLE "Own" (id int) WITH (autovacuum_enabled = off, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100)',
    'INSERT INTO sales."Own" SELECT generate_series(1, 10000)',
  );
  await publish(db, 'ANALYZE orders, sales."Own"');
});
afterAll(() => db.drop());

const seen = (thresholds = {}, role?: string) => lookAt(db.target(role), { checks: [vacuumDue], thresholds });
const vacuumOf = ({ categories }: Awaited<ReturnType<typeof seen>>) =>
  categories.find(({ id }) => id === 'vacuum')?.score;

test('dead rows are found by the threshold of their table, and gone after VACUUM', async () => {
  const before = await seen();
  expect(before.findings).toEqual([]);
  expect(vacuumOf(before)).toBe(100);
  await publish(db, 'DELETE FROM orders WHERE id <= 4000', 'DELETE FROM sales."Own" WHERE id <= 1500');
  const due = await seen();
  expect(due.findings).toMatchObject([
    {
      id: 'vacuum_due:sales."Own"',
      severity: 'alert',
      value: 15,
      threshold: 5,
      remedy: { operation: 'vacuum', input: { table: ['sales."Own"'] } },
    },
    {
      id: 'vacuum_due:orders',
      severity: 'warning',
      title: 'orders has 4.0k dead rows, 3.8 times what autovacuum allows (1.1k).',
      evidence: expect.stringMatching(
        /^Counted since .*; never vacuumed; autovacuum is switched off for it\.$/,
      ),
    },
  ]);
  // 60 % at alert, and two thirds of the way from there to critical
  expect(vacuumOf(due)).toBe(13);
  // who may not vacuum it gets the statement for who may
  const [first] = (await seen({}, await db.roleWith('pg_monitor'))).findings;
  expect(first?.remedy).toMatchObject({
    sql: 'VACUUM "sales"."Own"',
    cost: expect.stringContaining('This role may not'),
  });
  await publish(db, 'VACUUM orders, sales."Own"');
  expect((await seen()).findings).toEqual([]);
});

test('who keeps dead rows from being removed is named, once VACUUM was in vain', async () => {
  const holder = await app(db, undefined, 'report');
  await holder.sql('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await holder.sql('SELECT 1');
  await publish(db, 'INSERT INTO orders SELECT generate_series(1, 4000)');
  await publish(db, 'DELETE FROM orders');
  await publish(db, 'VACUUM orders');
  // so soon after a VACUUM only what it could not do is a finding
  expect((await seen()).findings).toEqual([]);
  const [found] = (await seen({ long_query_seconds: { normal: 0 } })).findings;
  const who = `session ${holder.pid} (postgres report idle in transaction)`;
  expect(found).toMatchObject({
    id: 'vacuum_due:orders',
    title: expect.stringContaining(', and VACUUM cannot remove them.'),
    evidence: expect.stringContaining(`The ${who} still sees rows that died in the last `),
    remedy: { advice: expect.stringContaining(`while the ${who} is there`) },
  });
  await holder.sql('COMMIT');
  await publish(db, 'VACUUM orders');
  expect((await seen({ long_query_seconds: { normal: 0 } })).findings).toEqual([]);
});

test('a VACUUM that was before the holder began was not in vain, whenever it was read of', () => {
  const rows = [
    rowsOf(maintainDuePoll, {
      schema: 'public',
      name: 'orders',
      dirty: true,
      may: true,
      dead: 5000,
      vacuum_at: 1000,
      dirty_tables: 1,
      lost_tables: 0,
      vacuum_age_seconds: 100,
    } as DueTable),
    rowsOf(horizonPoll, { kind: 'session', id: '7', database: 'shop', xids: 50, seconds: 150 } as HorizonRow),
  ];
  const titles = (seconds: number) =>
    assessed([vacuumDue], [rows], { at: [[horizonPoll as AnyPoll, seconds]] }).findings.map(
      ({ title }) => title,
    );
  expect(titles(0)).toEqual([expect.stringContaining('VACUUM cannot remove them')]);
  // read 100 s ago: 200 s before now
  expect(titles(100)).toEqual([expect.not.stringContaining('VACUUM cannot remove them')]);
});

test('what is not counted is unknown and not good: after a reset, and without track_counts', async () => {
  await publish(db, 'INSERT INTO orders SELECT generate_series(1, 3000)');
  await publish(db, 'VACUUM ANALYZE orders');
  await publish(db, "SELECT pg_stat_reset_single_table_counters('orders'::regclass)");
  const lost = await seen();
  expect(lost.unknown).toMatchObject([
    {
      reason: expect.stringContaining('Nothing is counted of 1 table that has rows (orders)'),
      remedy: 'ANALYZE',
    },
  ]);
  expect(lost.coverage).toBe(0);
  await publish(db, 'ANALYZE orders');
  expect((await seen()).unknown).toEqual([]);
  await publish(db, `ALTER DATABASE ${db.database} SET track_counts = off`);
  expect((await seen()).unknown).toMatchObject([
    { remedy: 'ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf()' },
  ]);
  await publish(db, `ALTER DATABASE ${db.database} RESET track_counts`);
});

test('where more tables are due than are read, how many there are is told', () => {
  const one = {
    schema: 'public',
    name: 'orders',
    dead: 5000,
    vacuum_at: 50,
    dirty: true,
    vacuum_age_seconds: null,
    vacuuming: false,
  };
  const given = (dirty_tables: number) =>
    assessed(
      [vacuumDue],
      [
        [
          rowsOf(maintainDuePoll, { ...one, dirty_tables, lost_tables: 0 }),
          rowsOf(autovacuumPoll, { autovacuum: true, track_counts: true }),
        ],
      ],
    ).findings[0]?.evidence;
  expect(given(2000)).toMatch(/ Of 2\.0k such tables the 1 worst are told\.$/);
  expect(given(1)).not.toContain('such tables');
});
