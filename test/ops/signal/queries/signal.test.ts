import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import { endRun, runSessions } from '../../../../src/db/queries/signal/run.ts';
import {
  signalCancel,
  signalIdleCandidates,
  signalStill,
  signalTargets,
  signalTerminate,
} from '../../../../src/ops/signal/queries/signal.ts';
import { app, begin, monitor } from '../../../db/queries/session.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

async function targetOf(session: Session, pid: number, state: string) {
  return until(
    async () => {
      const [row] = await session.run(signalTargets, { pids: [pid] });
      if (row?.state !== state || row.backend_start_us === null || row.query_start_us === null)
        return undefined;
      return { row, pid, backendStart: row.backend_start_us, queryStart: row.query_start_us };
    },
    { what: `pid ${pid} ${state}` },
  );
}

test('a cancel hits the query that was meant, and nothing else', async () => {
  const session = await monitor(db);
  const victim = await app(db);
  const ended = begin(victim, 'SELECT pg_sleep(60)');
  const { row, ...target } = await targetOf(session, victim.pid, 'active');
  expect(row).toMatchObject({
    needs: null,
    own: false,
    superuser: true,
    query: 'SELECT pg_sleep(60)',
  });

  expect(await session.run(signalCancel, { ...target, backendStart: target.backendStart + 1 })).toEqual([]);
  expect(await session.run(signalCancel, { ...target, queryStart: target.queryStart - 1 })).toEqual([]);
  expect(await session.run(signalStill, target)).toEqual([
    { pid: victim.pid, state: 'active', query_start_us: target.queryStart },
  ]);

  expect(await session.run(signalCancel, target)).toEqual([{ pid: victim.pid, sent: true }]);
  expect(await ended).toMatchObject({ code: '57014' });
  await targetOf(session, victim.pid, 'idle');
  // the session lives on, and its next query is not the one that was meant
  expect(await session.run(signalCancel, target)).toEqual([]);
  expect(await victim.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a cancel without a query start takes whatever runs', async () => {
  const session = await monitor(db);
  const victim = await app(db);
  const ended = begin(victim, 'SELECT pg_sleep(60)');
  const { pid, backendStart } = await targetOf(session, victim.pid, 'active');
  expect(await session.run(signalCancel, { pid, backendStart, queryStart: null })).toMatchObject([
    { sent: true },
  ]);
  expect(await ended).toMatchObject({ code: '57014' });
});

test('a terminate ends the backend that was meant, never one that took over its pid, never ourselves', async () => {
  const session = await monitor(db);
  const victim = await app(db);
  await victim.sql('SELECT 1');
  const target = await targetOf(session, victim.pid, 'idle');
  const other = { pid: victim.pid, backendStart: target.backendStart - 1 };
  expect(await session.run(signalTerminate, other)).toEqual([]);
  expect(await session.run(signalStill, other)).toEqual([]);
  expect(victim.lost).toBe(false);

  expect(await session.run(signalTerminate, target)).toMatchObject([{ pid: victim.pid, sent: true }]);
  await until(async () => (await session.run(signalStill, target)).length === 0, { what: 'its end' });
  await until(() => victim.lost, { what: 'the client to notice' });
  expect(await session.run(signalTerminate, target)).toEqual([]);

  const own = (await session.run(signalTargets, { pids: [session.pid] }))[0];
  expect(own).toMatchObject({ own: true });
  expect(
    await session.run(signalTerminate, { pid: session.pid, backendStart: own?.backend_start_us ?? 0 }),
  ).toEqual([]);
});

test('what a role may signal is told before it is tried, and is true', async () => {
  const [plain, other] = [await db.roleWith(), await db.roleWith()];
  const signaller = await db.roleWith('pg_signal_backend');
  const both = await db.roleWith('pg_signal_backend', 'pg_read_all_stats');
  const [own, foreign, superuser] = [await app(db, plain), await app(db, other), await app(db)];
  for (const session of [own, foreign, superuser]) await session.sql('SELECT 1');
  const pids = [own.pid, foreign.pid, superuser.pid];
  const judge = async (role: string) => {
    const rows = await (await monitor(db, role)).run(signalTargets, { pids });
    return pids
      .map((pid) => rows.find((row) => row.pid === pid))
      .map((row) => [row?.needs === null && !row.own, row?.needs]);
  };
  expect(await judge(plain)).toEqual([
    [true, null],
    [false, 'pg_signal_backend'],
    [false, 'superuser'],
  ]);
  expect(await judge(signaller)).toEqual([
    [false, 'pg_read_all_stats'],
    [false, 'pg_read_all_stats'],
    [false, 'superuser'],
  ]);
  expect(await judge(both)).toEqual([
    [true, null],
    [true, null],
    [false, 'superuser'],
  ]);

  const session = await monitor(db, both);
  const [target] = await session.run(signalTargets, { pids: [superuser.pid] });
  const forbidden = { pid: superuser.pid, backendStart: target?.backend_start_us ?? 0 };
  await expect(session.run(signalTerminate, forbidden)).rejects.toMatchObject({
    kind: 'denied',
    code: '42501',
  });
  const allowed = await targetOf(session, foreign.pid, 'idle');
  expect(await session.run(signalTerminate, allowed)).toMatchObject([{ sent: true }]);
});

test('processes of the server itself are not for pg_signal_backend', async () => {
  const admin = await monitor(db);
  const [launcher] = await admin.sql(
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'autovacuum launcher'",
  );
  const session = await monitor(db, await db.roleWith('pg_signal_backend', 'pg_read_all_stats'));
  const [row] = await session.run(signalTargets, { pids: [Number(launcher?.pid)] });
  expect(row).toMatchObject({ needs: 'superuser', superuser: false });
});

test('idle candidates are idle clients that this role may end, the longest idle first', async () => {
  const role = await db.roleWith('pg_signal_backend', 'pg_read_all_stats');
  const guest = await db.roleWith();
  const [first, second] = [await app(db, guest), await app(db, guest)];
  const [superuser, holder] = [await app(db), await app(db, guest)];
  await first.sql('SELECT 1');
  await second.sql('SELECT 1');
  await superuser.sql('SELECT 1');
  await holder.sql('BEGIN');
  const helper = await connect(db.target(guest), 'control', 'pgdeck');
  const session = await monitor(db, role);
  try {
    const rows = await until(
      async () => {
        const rows = await session.run(signalIdleCandidates, { seconds: 0.05 });
        const mine = rows.filter((row) => row.datname === db.database);
        return mine.length === 2 && mine;
      },
      { what: 'two idle sessions' },
    );
    expect(rows.map((row) => row.pid)).toEqual([first.pid, second.pid]);
    expect(rows[0]).toMatchObject({ state: 'idle', needs: null, own: false, usename: guest });
    expect(await session.run(signalIdleCandidates, { seconds: 3600 })).toEqual([]);
    // longer ago than there are timestamps
    expect(await session.run(signalIdleCandidates, { seconds: 1e15 })).toEqual([]);
  } finally {
    await helper.close();
  }
});

test('the sessions of a run are ended in whatever database they are, and no others', async () => {
  const session = await monitor(db);
  const applicationName = `pgdeck:${db.database}`;
  const here = await app(db, undefined, applicationName);
  const there = await client({ ...db.target(), database: 'postgres' }, applicationName);
  const other = await app(db, undefined, `${applicationName}0`);
  const pids = [here.pid, there.pid].sort((a, b) => a - b);
  // a name is no proof: whoever bears it and is another role is none of the run
  const impostor = await app(db, await db.roleWith(), applicationName);
  const found = await session.run(runSessions, { applicationName });
  expect(found).toEqual(pids.map((pid) => ({ pid, state: 'idle' })));
  const ended = await session.run(endRun, { applicationName });
  expect(ended.toSorted((a, b) => a.pid - b.pid)).toEqual(pids.map((pid) => ({ pid, sent: true })));
  await until(async () => (await session.run(runSessions, { applicationName })).length === 0, {
    what: 'the end of the run',
  });
  for (const one of [other, impostor]) expect(await one.sql('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  const { user: role } = impostor.server;
  expect(await session.run(runSessions, { applicationName, role })).toMatchObject([{ pid: impostor.pid }]);
});
