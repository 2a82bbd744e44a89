import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/db/client.ts';
import { activitySummary } from '../../../src/db/queries/activity.ts';
import { type LockRow, lockTree } from '../../../src/db/queries/locks.ts';
import { sqlFor } from '../../../src/db/query.ts';
import { type TestDatabase, testDatabase, until } from '../../support/cluster.ts';
import { app, begin, monitor } from './session.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

async function table(name: string): Promise<Session> {
  const session = await app(db);
  await session.sql(`CREATE TABLE ${name} (id int PRIMARY KEY, n int)`);
  await session.sql(`INSERT INTO ${name} VALUES (1, 0), (2, 0)`);
  return session;
}

/** The tree once these pids wait, by pid; other tests of the run may wait at the same time. */
function waits(session: Session, pids: number[], waitingBlockers = 3): Promise<Map<number, LockRow>> {
  return until(
    async () => {
      const rows = await session.run(lockTree, { queryChars: 100, limit: 1000, waitingBlockers });
      const tree = new Map(rows.map((row) => [row.pid, row]));
      return pids.every((pid) => (tree.get(pid)?.n_blockers ?? 0) > 0) && tree;
    },
    { what: `waits of ${pids.join(', ')}` },
  );
}

test('a pile-up on one row: who waits for whom, for what, how long', async () => {
  const session = await monitor(db);
  const root = await table('pile');
  await root.sql('BEGIN');
  await root.sql('UPDATE pile SET n = 1 WHERE id = 1');
  const [first, second] = [await app(db), await app(db)];
  void begin(first, 'UPDATE pile SET n = 2 WHERE id = 1');
  await waits(session, [first.pid]);
  void begin(second, 'UPDATE pile SET n = 3 WHERE id = 1');
  const tree = await waits(session, [first.pid, second.pid]);

  expect(tree.get(root.pid)).toMatchObject({
    blocked_by: [],
    n_blockers: 0,
    state: 'idle in transaction',
    query: 'UPDATE pile SET n = 1 WHERE id = 1',
    mode: null,
    relation: null,
    wait_seconds: null,
  });
  expect(tree.get(first.pid)).toMatchObject({
    blocked_by: [root.pid],
    n_blockers: 1,
    locktype: 'transactionid',
    mode: 'ShareLock',
    relation: null,
    wait_event_type: 'Lock',
    datname: db.database,
  });
  expect(tree.get(second.pid)).toMatchObject({
    blocked_by: [first.pid],
    locktype: 'tuple',
    mode: 'ExclusiveLock',
    relation: 'public.pile',
    lock_datname: db.database,
  });
  const wait = tree.get(first.pid)?.wait_seconds;
  if (session.server.major < 14) expect(wait).toBeNull();
  else {
    const later = await until(
      async () => {
        const row = (await waits(session, [first.pid])).get(first.pid);
        return (row?.wait_seconds ?? 0) > 0.1 && row;
      },
      { what: 'a wait of 0.1 s' },
    );
    expect(later.wait_seconds).toBeLessThanOrEqual((later.query_seconds ?? 0) + 0.01);
  }
  const [summary] = await session.run(activitySummary, { idleSeconds: 600 });
  expect(summary?.lock_waiting).toBeGreaterThanOrEqual(2);
});

test('in a long queue every root is kept, and of those that wait only as many as asked for', async () => {
  const session = await monitor(db);
  const root = await table('"Queue"');
  await root.sql('BEGIN');
  await root.sql('SELECT * FROM "Queue"');
  const queue: Session[] = [];
  for (let i = 0; i < 5; i++) {
    const waiter = await app(db);
    void begin(waiter, 'TRUNCATE "Queue"');
    await waits(session, [waiter.pid]);
    queue.push(waiter);
  }
  const pids = queue.map((waiter) => waiter.pid);
  const last = (await waits(session, pids, 2)).get(pids[4] ?? 0);
  expect(last).toMatchObject({ n_blockers: 5, relation: 'public."Queue"', mode: 'AccessExclusiveLock' });
  expect(last?.blocked_by).toEqual([root.pid, pids[0], pids[1]]);
  expect((await waits(session, pids, 0)).get(pids[4] ?? 0)?.blocked_by).toEqual([root.pid]);
});

test('a prepared transaction is minus its transaction ID, with its name, owner and age', async () => {
  const session = await monitor(db);
  const maker = await table('two_phase');
  await maker.sql('BEGIN');
  await maker.sql('UPDATE two_phase SET n = 1 WHERE id = 1');
  await maker.sql("PREPARE TRANSACTION 'locks_test'");
  const waiter = await app(db);
  const ended = begin(waiter, 'UPDATE two_phase SET n = 2 WHERE id = 1');
  try {
    const tree = await waits(session, [waiter.pid]);
    const [found] = await session.sql(
      "SELECT -transaction::text::int AS pid FROM pg_prepared_xacts WHERE gid = 'locks_test'",
    );
    expect(tree.get(waiter.pid)).toMatchObject({ blocked_by: [found?.pid], n_blockers: 1, gid: null });
    expect(tree.get(Number(found?.pid))).toMatchObject({
      blocked_by: [],
      usename: null,
      state: null,
      query: null,
      gid: 'locks_test',
      owner: 'postgres',
      prepared_in: db.database,
      prepared_seconds: expect.any(Number),
    });
  } finally {
    await maker.sql("ROLLBACK PREPARED 'locks_test'");
  }
  expect(await ended).toBeUndefined();
});

test('a prepared transaction that holds a table is named, and stands before those in the queue behind it', async () => {
  const session = await monitor(db);
  const maker = await table('two_phase_table');
  await maker.sql('BEGIN');
  await maker.sql('LOCK TABLE two_phase_table IN ACCESS EXCLUSIVE MODE');
  await maker.sql("PREPARE TRANSACTION 'locks_test_table'");
  const waiters = [await app(db), await app(db)];
  const ended = waiters.map((waiter) => begin(waiter, 'SELECT * FROM two_phase_table'));
  try {
    const tree = await waits(
      session,
      waiters.map((waiter) => waiter.pid),
    );
    const root = [...tree.values()].find((row) => row.gid === 'locks_test_table');
    expect(root).toMatchObject({ blocked_by: [], owner: 'postgres', prepared_in: db.database });
    for (const { pid } of waiters)
      expect(tree.get(pid)).toMatchObject({ blocked_by: [root?.pid], relation: 'public.two_phase_table' });
  } finally {
    await maker.sql("ROLLBACK PREPARED 'locks_test_table'");
  }
  expect(await Promise.all(ended)).toEqual([undefined, undefined]);
});

test('a relation of another database is named by its oid, with the database', async () => {
  const elsewhere = await testDatabase();
  try {
    const session = await monitor(elsewhere);
    const root = await table('far');
    await root.sql('BEGIN');
    await root.sql('LOCK TABLE far');
    const waiter = await app(db);
    void begin(waiter, 'SELECT * FROM far');
    const row = (await waits(session, [waiter.pid])).get(waiter.pid);
    expect(row?.relation).toBe(String(row?.relation_oid));
    expect(row).toMatchObject({ lock_datname: db.database, mode: 'AccessShareLock' });
  } finally {
    await elsewhere.drop();
  }
});

test('names are looked up, however many relations there are', async () => {
  const admin = await app(db);
  await admin.sql(`PREPARE tree AS ${sqlFor(lockTree, admin.server)}`);
  const plan = await admin.sql('EXPLAIN EXECUTE tree(400, 300, 8)');
  expect(JSON.stringify(plan)).toContain('Index Scan using pg_class_oid_index');
});

test('a role without rights sees the same tree, without what the sessions do', async () => {
  const session = await monitor(db, await db.roleWith());
  const root = await table('hidden');
  await root.sql('BEGIN');
  await root.sql('LOCK TABLE hidden');
  const waiter = await app(db);
  void begin(waiter, 'SELECT * FROM hidden');
  const tree = await waits(session, [waiter.pid]);
  expect(tree.get(waiter.pid)).toMatchObject({
    blocked_by: [root.pid],
    relation: 'public.hidden',
    usename: 'postgres',
    state: null,
    query: '<insufficient privilege>',
  });
  const [summary] = await session.run(activitySummary, { idleSeconds: 600 });
  expect(summary?.lock_waiting).toBeGreaterThanOrEqual(1);
});
