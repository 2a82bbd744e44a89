import { afterAll, beforeAll, expect, test } from 'vitest';
import { freedBy } from '../../../src/db/blocking.ts';
import { connect, type Session } from '../../../src/db/client.ts';
import { type LockRow, lockTree } from '../../../src/db/queries/locks.ts';
import { buildLockForest, rootBlockers } from '../../../src/monitor/lock-tree.ts';
import { client, type TestDatabase, testDatabase, until } from '../../support/cluster.ts';

let db: TestDatabase;
let monitor: Session;

beforeAll(async () => {
  db = await testDatabase();
  monitor = await connect(db.target(), 'fast', 'pgdeck-monitor');
});

afterAll(async () => {
  await monitor.close();
  await db.drop();
});

/** The rows of this database; the server has other tests' sessions too. */
async function rows(): Promise<LockRow[]> {
  const all = await monitor.run(lockTree, { queryChars: 100, limit: 1000, waitingBlockers: 3 });
  return all.filter((row) => row.datname === db.database);
}

async function waiting(session: Session, sql: string): Promise<void> {
  session.sql(sql).catch(() => {});
  await until(async () => (await rows()).some((row) => row.pid === session.pid && row.n_blockers > 0), {
    what: `a wait of ${sql}`,
  });
}

test('a reader behind an ALTER is blocked by the ALTER, and only the readers ahead of it are roots', async () => {
  const [a, b, c, d] = await Promise.all([1, 2, 3, 4].map(() => client(db.target())));
  if (!a || !b || !c || !d) throw new Error('four sessions');
  await a.sql('CREATE TABLE t (id int)');
  for (const reader of [a, b]) {
    await reader.sql('BEGIN');
    await reader.sql('LOCK TABLE t IN ACCESS SHARE MODE');
  }
  await waiting(c, 'ALTER TABLE t ADD COLUMN name text');
  await waiting(d, 'SELECT * FROM t');

  const read = await rows();
  const blockers = (pid: number) => [...(read.find((row) => row.pid === pid)?.blocked_by ?? [])].sort();
  expect(blockers(d.pid)).toEqual([c.pid]);
  expect(blockers(c.pid)).toEqual([a.pid, b.pid].sort());

  const forest = buildLockForest(read);
  expect(
    rootBlockers(forest)
      .map((row) => row.pid)
      .sort(),
  ).toEqual([a.pid, b.pid].sort());
  expect(forest.byPid.get(d.pid)).toMatchObject({ parentPid: c.pid, depth: 2 });
  expect(freedBy(forest.graph, new Set([c.pid]))).toEqual([d.pid]);
  expect(freedBy(forest.graph, new Set([a.pid]))).toEqual([]);
  expect(freedBy(forest.graph, new Set([a.pid, b.pid])).sort()).toEqual([c.pid, d.pid].sort());
});

test('a queue longer than the list of blockers hangs below its holder and is freed as a whole', async () => {
  const sessions = await Promise.all(Array.from({ length: 7 }, () => client(db.target())));
  const [holder, ...queue] = sessions;
  if (!holder) throw new Error('a holder');
  await holder.sql('CREATE TABLE q (id int)');
  await holder.sql('BEGIN');
  await holder.sql('LOCK TABLE q');
  for (const session of queue) await waiting(session, 'TRUNCATE q');
  const read = await rows();
  expect(read.find((row) => row.pid === queue.at(-1)?.pid)).toMatchObject({ n_blockers: 6 });
  const forest = buildLockForest(read);
  expect(
    forest.byPid
      .get(holder.pid)
      ?.children.map((child) => child.row.pid)
      .sort(),
  ).toEqual(queue.map((session) => session.pid).sort());
  expect(freedBy(forest.graph, new Set([holder.pid]))).toHaveLength(6);
  expect(freedBy(forest.graph, new Set([queue[0]?.pid ?? 0]))).toEqual([]);
});

test('a deadlock under way is drawn, until the server ends it', async () => {
  const [a, b, watcher] = await Promise.all([1, 2, 3].map(() => client(db.target())));
  if (!a || !b || !watcher) throw new Error('three sessions');
  await a.sql('CREATE TABLE d1 (id int); CREATE TABLE d2 (id int)');
  for (const [session, table] of [
    [a, 'd1'],
    [b, 'd2'],
  ] as const) {
    await session.sql("SET deadlock_timeout = '20s'");
    await session.sql('BEGIN');
    await session.sql(`LOCK TABLE ${table}`);
  }
  await waiting(a, 'LOCK TABLE d2');
  await waiting(b, 'LOCK TABLE d1');
  const pids = [a.pid, b.pid];
  const forest = buildLockForest((await rows()).filter((row) => pids.includes(row.pid)));
  expect(forest.roots).toHaveLength(1);
  expect(forest.roots[0]).toMatchObject({ waiting: true, victims: 1 });
  expect(rootBlockers(forest)).toEqual([]);
  expect(freedBy(forest.graph, new Set([a.pid]))).toEqual([b.pid]);
  await watcher.sql('SELECT pg_terminate_backend($1)', [a.pid]);
});
