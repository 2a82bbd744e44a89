import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import type { Cluster } from '../../src/demo/cluster.ts';
import { throwawayCluster, until } from '../support/cluster.ts';
import { SECOND, Watching } from './watching.ts';

// a server of its own: how many wait for a lock is counted over the whole server, and backends are stopped
let cluster: Cluster;
let admin: Session;
const watchings: Watching[] = [];
const clients: Session[] = [];

beforeAll(async () => {
  cluster = await throwawayCluster({ shared_preload_libraries: 'pg_stat_statements' });
  admin = await connect(cluster.target(), 'workload', 'test-admin');
  await admin.sql('CREATE EXTENSION pg_stat_statements');
  await admin.sql('CREATE ROLE nobody LOGIN');
  await admin.sql('CREATE TABLE t (id int PRIMARY KEY)');
  await admin.sql('INSERT INTO t VALUES (1)');
});

afterEach(async () => {
  await Promise.all(watchings.splice(0).map(({ sampler }) => sampler.stop()));
  await Promise.all(clients.splice(0).map((session) => session.close()));
});

afterAll(async () => {
  await admin?.close();
  await cluster?.remove();
});

function watching(...args: ConstructorParameters<typeof Watching>): Watching {
  const made = new Watching(...args);
  watchings.push(made);
  return made;
}

async function app(): Promise<Session> {
  const session = await connect(cluster.target(), 'workload', 'app');
  clients.push(session);
  return session;
}

/** Somebody waits for a row that somebody else has changed. */
async function pileUp(): Promise<{ holder: Session; waiter: Session }> {
  const [holder, waiter] = [await app(), await app()];
  await holder.sql('BEGIN');
  await holder.sql('UPDATE t SET id = id');
  waiter.sql('UPDATE t SET id = id').catch(() => {});
  await until(
    async () =>
      (await admin.sql('SELECT 1 FROM pg_locks WHERE pid = $1 AND NOT granted', [waiter.pid])).length > 0,
    { what: 'a wait' },
  );
  return { holder, waiter };
}

describe('a tick', () => {
  test('asks what is needed, all at once, and nothing else', async () => {
    const w = watching(cluster.target());
    await w.start('summary', 'database');
    expect(w.fast()).toEqual([['activity.summary', 'database.stats']]);
    await w.second();
    await w.second();
    expect(w.fast()).toEqual(Array(2).fill(['activity.summary', 'database.stats']));
  });

  test('leaves out what is asked less often', async () => {
    const w = watching(cluster.target());
    await w.start('summary', 'checkpoints');
    w.fast();
    for (let i = 0; i < 10; i++) await w.second();
    const asked = w.fast();
    expect(asked).toHaveLength(10);
    expect(asked.flatMap((ids, i) => (ids.length > 1 ? [i + 1] : []))).toEqual([5, 10]);
  });

  test('what becomes needed is asked at once, and only that; what is not needed any more no longer', async () => {
    const w = watching(cluster.target());
    await w.start('summary');
    w.fast();
    w.sampler.need(new Set(['summary', 'activity']));
    await w.answered('activity');
    expect(w.fast()).toEqual([['activity.list']]);
    w.sampler.need(new Set(['activity']));
    await w.second();
    expect(w.fast()).toEqual([['activity.list']]);
  });

  test('one that comes while the server hangs is dropped, not queued', async () => {
    const w = watching(cluster.target());
    await w.start('summary');
    w.fast();
    const { pid } = w.sessions.get('fast') ?? { pid: 0 };
    process.kill(pid, 'SIGSTOP');
    try {
      w.clock.advance(5 * SECOND);
      expect(w.fast()).toHaveLength(1);
      expect(w.sampler.stalledFor).toBe(4 * SECOND);
      expect(w.sampler.part('summary').status).toBe('ok');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until(() => w.sampler.stalledFor === undefined, { what: 'the late answer' });
    expect(w.fast()).toEqual([]);
    await w.second();
    expect(w.fast()).toHaveLength(1);
  });

  test('the slow connection is asked one question after the other', async () => {
    const w = watching(cluster.target());
    await w.start('summary', 'tableSizes', 'tableDead', 'indexCounts');
    const slow = w.sent.filter(({ purpose }) => purpose === 'slow').map(({ ids }) => ids);
    expect(slow).toEqual([['relations.sizes'], ['relations.dead'], ['indexes.counts']]);
  });
});

describe('questions that depend on others', () => {
  test('the forest of locks is asked for only while somebody waits, and empties after', async () => {
    const w = watching(cluster.target());
    await w.start('summary', 'locks');
    await w.second();
    w.fast();
    await w.second();
    expect(w.fast()).toEqual([['activity.summary']]);
    expect(w.sampler.part('locks')).toMatchObject({ status: 'ok', rows: [], at: w.clock.now() });

    const { holder, waiter } = await pileUp();
    // the answer that says so is followed by the question, without waiting for another tick
    w.clock.advance(SECOND);
    await until(() => w.sampler.part('locks').rows.length > 0, { what: 'the forest' });
    expect(w.fast()).toEqual([['activity.summary'], ['locks.tree']]);
    expect(
      w.sampler
        .part('locks')
        .rows.map(({ pid }) => pid)
        .sort(),
    ).toEqual([holder.pid, waiter.pid].sort());

    await holder.sql('ROLLBACK');
    await until(async () => (await admin.sql('SELECT 1 FROM pg_locks WHERE NOT granted')).length === 0, {
      what: 'the end of the wait',
    });
    await w.second();
    await w.second();
    expect(w.sampler.part('locks')).toMatchObject({ status: 'ok', rows: [] });
    await w.second();
    expect(w.fast().at(-1)).toEqual(['activity.summary']);
  });

  test('texts of statements are asked for as soon as there are statements, and each once', async () => {
    const w = watching(cluster.target());
    await w.start('summary', 'statements', 'statementTexts');
    await until(() => w.sampler.part('statementTexts').rows.length > 0, { what: 'the texts' });
    expect(w.clock.now()).toBe(0);
    const texts = w.sampler.part('statementTexts').rows;
    expect(new Set(texts.map(({ queryid }) => queryid)).size).toBe(texts.length);
  });
});

describe('refusals', () => {
  test('a denied part says what to grant, and is not asked again until there is a new connection', async () => {
    const w = watching(cluster.target({ user: 'nobody' }));
    await w.start('summary', 'walDirectory');
    expect(w.sampler.part('walDirectory')).toMatchObject({
      status: 'denied',
      rows: [],
      reason: expect.stringContaining('Not permitted'),
      remedy: expect.stringMatching(/^GRANT pg_monitor TO "?nobody"?;?$/),
    });
    const asked = () => w.sent.filter(({ ids }) => ids.includes('wal.directory')).length;
    expect(asked()).toBe(1);
    for (let i = 0; i < 4; i++) await w.second(30);
    w.sampler.refresh();
    await w.second();
    expect(asked()).toBe(1);

    await admin.sql('GRANT pg_monitor TO nobody');
    try {
      await admin.sql('SELECT pg_terminate_backend($1)', [w.sessions.get('fast')?.pid]);
      await until(() => w.sampler.link.state === 'away', { what: 'the loss' });
      w.clock.advance(SECOND);
      await until(() => w.sampler.part('walDirectory').status === 'ok', { what: 'the granted part' });
      expect(asked()).toBe(2);
    } finally {
      await admin.sql('REVOKE pg_monitor FROM nobody');
    }
  });

  test('what is known to be missing is not asked at all', async () => {
    await admin.sql('CREATE DATABASE bare');
    try {
      const w = watching(cluster.target({ database: 'bare' }));
      await w.start('summary', 'statements');
      expect(w.sampler.part('statements')).toMatchObject({
        status: 'denied',
        remedy: expect.stringContaining('CREATE EXTENSION pg_stat_statements'),
      });
      expect(w.fast()).toEqual([['activity.summary']]);
      await w.sampler.stop();
    } finally {
      await admin.sql('DROP DATABASE bare WITH (FORCE)');
    }
  });

  test('a part in the way of a lock is skipped, keeps its rows, and spares the others', async () => {
    const w = watching(cluster.target());
    await w.start('summary', 'database');
    const before = w.sampler.part('database');
    const locker = await app();
    await locker.sql('BEGIN');
    await locker.sql('LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE');
    await w.second();
    expect(w.sampler.part('database')).toMatchObject({
      status: 'skipped',
      reason: expect.stringContaining('lock timeout'),
      rows: before.rows,
      at: before.at,
    });
    expect(w.sampler.part('summary')).toMatchObject({ status: 'ok', at: SECOND });
    // a statement that was cancelled (57014) is no other case
    w.sampler.refresh();
    await until(
      async () => {
        await admin.sql('SELECT pg_cancel_backend($1)', [w.sessions.get('fast')?.pid]);
        return w.sampler.part('database').reason?.includes('user request');
      },
      { what: 'a cancelled question' },
    );
    expect(w.sampler.part('database')).toMatchObject({ status: 'skipped', rows: before.rows });
    await locker.sql('ROLLBACK');
    w.sampler.refresh();
    await until(() => w.sampler.part('database').status === 'ok', { what: 'the part' });
  });

  test('a question that takes long is asked less often', async () => {
    const w = watching(cluster.target(), { tick: 0.5 });
    await w.start('summary', 'database');
    const locker = await app();
    await locker.sql('BEGIN');
    await locker.sql('LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE');
    // each attempt takes the 200 ms of lock_timeout, more than a quarter of the interval
    const half = async (times: number) => {
      for (let i = 0; i < times; i++) await w.second(0.5);
    };
    await half(1);
    expect(w.sampler.every('database')).toBe(1);
    await half(2);
    expect(w.sampler.every('database')).toBe(2);
    expect(w.sampler.every('summary')).toBe(0.5);
    await locker.sql('ROLLBACK');
    await half(4);
    expect(w.sampler.every('database')).toBe(0.5);
  });
});

describe('the connection', () => {
  test('lost: the rows stay as old ones, and come back by themselves', async () => {
    const w = watching(cluster.target());
    await w.start('summary', 'database');
    const rows = w.sampler.part('database').rows;
    await admin.sql('SELECT pg_terminate_backend($1)', [w.sessions.get('fast')?.pid]);
    await until(() => w.sampler.link.state === 'away', { what: 'the loss' });
    expect(w.sampler.link).toMatchObject({ retryAt: w.clock.now() + 500, error: { kind: 'lost' } });
    expect(w.sampler.part('database')).toMatchObject({ status: 'stale', rows });
    expect(w.sampler.control).toBeUndefined();
    // none of the three is left behind
    await until(
      async () =>
        (await admin.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'pgdeck-monitor'"))
          .length === 0,
      { what: 'the end of the other connections' },
    );
    w.clock.advance(SECOND);
    await until(() => w.sampler.part('database').status === 'ok', { what: 'the data' });
    expect(w.sampler.link.state).toBe('connected');
    expect(w.events).toContain('link');
  });

  test('is tried again in its own time, however long the interval is', async () => {
    let database = 'nowhere';
    const w = watching(() => cluster.target({ database }), { tick: 60 });
    w.sampler.need(new Set(['summary']));
    w.sampler.start();
    await until(() => w.sampler.link.state === 'away', { what: 'a failure' });
    database = 'postgres';
    w.clock.advance(SECOND);
    await until(() => w.sampler.part('summary').status === 'ok', { what: 'the data' });
  });

  test('R connects at once', async () => {
    const w = watching(cluster.target());
    await w.start('summary');
    await admin.sql('SELECT pg_terminate_backend($1)', [w.sessions.get('control')?.pid]);
    await until(() => w.sampler.link.state === 'away', { what: 'the loss' });
    w.sampler.refresh();
    await until(() => w.sampler.part('summary').status === 'ok', { what: 'the data' });
    expect(w.clock.now()).toBe(0);
  });
});

describe('time', () => {
  test('paused, nothing is asked but what is asked for; going on asks at once', async () => {
    const w = watching(cluster.target());
    await w.start('summary');
    w.fast();
    w.sampler.pause(true);
    w.clock.advance(10 * SECOND);
    expect(w.fast()).toEqual([]);
    w.sampler.refresh();
    await w.answered();
    expect(w.fast()).toEqual([['activity.summary']]);
    w.sampler.pause(false);
    await w.answered();
    expect(w.fast()).toEqual([['activity.summary']]);
  });

  test('a long interval is kept, and a shorter one holds at once', async () => {
    const w = watching(cluster.target(), { tick: 60 });
    await w.start('summary');
    w.fast();
    await w.second(59);
    expect(w.fast()).toEqual([]);
    await w.second(1);
    expect(w.fast()).toHaveLength(1);
    w.sampler.setInterval(1);
    await w.second(1);
    expect(w.fast()).toHaveLength(1);
  });
});

test('stopped while the server hangs, it is done at once and leaves nothing', async () => {
  const w = watching(cluster.target());
  await w.start('summary');
  const pids = [...w.sessions.values()].map(({ pid }) => pid);
  const { pid } = w.sessions.get('fast') ?? { pid: 0 };
  process.kill(pid, 'SIGSTOP');
  try {
    w.clock.advance(SECOND);
    const started = performance.now();
    await w.sampler.stop();
    expect(performance.now() - started).toBeLessThan(1000);
    expect(w.clock.pending).toBe(0);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await until(
    async () => (await admin.sql('SELECT 1 FROM pg_stat_activity WHERE pid = ANY($1)', [pids])).length === 0,
    { what: 'the end of the backends' },
  );
  const events = w.events.length;
  w.clock.advance(5 * SECOND);
  expect(w.events).toHaveLength(events);
});
