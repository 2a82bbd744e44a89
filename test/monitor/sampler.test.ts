import { describe, expect, test } from 'vitest';
import { connect } from '../../src/db/client.ts';
import { activityPoll, summaryPoll } from '../../src/db/queries/activity.ts';
import { databasePoll } from '../../src/db/queries/database.ts';
import { indexCountsPoll } from '../../src/db/queries/indexes.ts';
import { locksPoll } from '../../src/db/queries/locks.ts';
import { tableDeadPoll, tableSizesPoll } from '../../src/db/queries/relations.ts';
import { statementsPoll, statementTextsPoll } from '../../src/db/queries/statements.ts';
import { checkpointsPoll, walDirectoryPoll } from '../../src/db/queries/wal.ts';
import { until } from '../support/cluster.ts';
import { admin, app, cluster, ownServer, pileUp, watching } from './sampler-stage.ts';
import { SECOND } from './watching.ts';

ownServer();

describe('the first round', () => {
  test('is asked while the other connections are opened, and taken when they are there; what was asked for since follows', async () => {
    const w = watching(cluster.target());
    const { promise, resolve } = Promise.withResolvers<void>();
    w.held = (purpose) => (purpose === 'fast' ? undefined : promise);
    w.sampler.need([summaryPoll]);
    w.sampler.start();
    await until(() => w.sent.length > 0, { what: 'the questions' });
    expect(w.sampler.link.state).toBe('connecting');
    w.sampler.need([summaryPoll, databasePoll]);
    expect(w.sampler.part(summaryPoll).status).toBe('waiting');
    resolve();
    await w.answered(summaryPoll, databasePoll);
    expect(w.fast()).toEqual([['activity.summary'], ['database.stats']]);
    expect(w.sampler.part(summaryPoll).status).toBe('ok');
  });

  test('is not of a connection that was given up', async () => {
    const w = watching(cluster.target());
    let refused = false;
    w.held = (purpose) => {
      if (purpose !== 'slow' || refused) return undefined;
      refused = true;
      return Promise.reject(new Error('no slow one'));
    };
    w.sampler.need([summaryPoll]);
    w.sampler.start();
    await until(() => w.sampler.link.state === 'away', { what: 'that it failed' });
    expect(w.sampler.part(summaryPoll).status).not.toBe('ok');
    w.sampler.refresh();
    await w.answered(summaryPoll);
    expect(w.fast()).toEqual([['activity.summary'], ['activity.summary']]);
    expect(w.sampler.part(summaryPoll).status).toBe('ok');
  });
});

describe('a tick', () => {
  test('asks what is needed, all at once, and nothing else', async () => {
    const w = watching(cluster.target());
    await w.start(summaryPoll, databasePoll);
    expect(w.fast()).toEqual([['activity.summary', 'database.stats']]);
    await w.second();
    await w.second();
    expect(w.fast()).toEqual(Array(2).fill(['activity.summary', 'database.stats']));
  });

  test('leaves out what is asked less often', async () => {
    const w = watching(cluster.target());
    await w.start(summaryPoll, checkpointsPoll);
    w.fast();
    for (let i = 0; i < 10; i++) await w.second();
    const asked = w.fast();
    expect(asked).toHaveLength(10);
    expect(asked.flatMap((ids, i) => (ids.length > 1 ? [i + 1] : []))).toEqual([5, 10]);
  });

  test('what becomes needed is asked at once, and only that; what is not needed any more no longer', async () => {
    const w = watching(cluster.target());
    await w.start(summaryPoll);
    w.fast();
    w.sampler.need([summaryPoll, activityPoll]);
    await w.answered(activityPoll);
    expect(w.fast()).toEqual([['activity.list']]);
    w.sampler.need([activityPoll]);
    await w.second();
    expect(w.fast()).toEqual([['activity.list']]);
  });

  test('one that comes while the server hangs is dropped, not queued', async () => {
    const w = watching(cluster.target());
    await w.start(summaryPoll);
    w.fast();
    const { pid } = w.sessions.get('fast') ?? { pid: 0 };
    process.kill(pid, 'SIGSTOP');
    try {
      w.clock.advance(5 * SECOND);
      expect(w.fast()).toHaveLength(1);
      expect(w.sampler.stalledFor).toBe(4 * SECOND);
      expect(w.sampler.part(summaryPoll).status).toBe('ok');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until(() => w.sampler.stalledFor === undefined, { what: 'the late answer' });
    expect(w.fast()).toEqual([]);
    await w.second();
    expect(w.fast()).toHaveLength(1);
  });

  test('one that hangs without an error is away after 15 s, and is asked over new connections, the slow one too', async () => {
    const w = watching(cluster.target());
    await w.start(summaryPoll, tableSizesPoll);
    const pidOf = (purpose: 'fast' | 'slow') => w.sessions.get(purpose)?.pid ?? 0;
    const stopped = [pidOf('fast')];
    process.kill(pidOf('fast'), 'SIGSTOP');
    try {
      w.clock.advance(16 * SECOND);
      expect(w.sampler.away).toBeUndefined();
      w.clock.advance(SECOND);
      expect(w.sampler.away).toBe('The server has not answered for 16s.');
      await until(() => w.sampler.away === undefined, { what: 'other connections' });
      await w.answered(summaryPoll, tableSizesPoll);
      const slow = pidOf('slow');
      stopped.push(slow);
      process.kill(slow, 'SIGSTOP');
      for (let i = 0; i < 70; i++) await w.second();
      await until(() => pidOf('slow') !== slow, { what: 'another slow connection' });
    } finally {
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
    }
  });

  test('the slow connection is asked one question after the other', async () => {
    const w = watching(cluster.target());
    await w.start(summaryPoll, tableSizesPoll, tableDeadPoll, indexCountsPoll);
    const slow = w.sent.filter(({ purpose }) => purpose === 'slow').map(({ ids }) => ids);
    expect(slow).toEqual([['relations.sizes'], ['relations.dead'], ['indexes.counts']]);
  });
});

describe('questions that depend on others', () => {
  test('the forest of locks is asked for only while somebody waits, and empties after', async () => {
    const w = watching(cluster.target());
    await w.start(summaryPoll, locksPoll);
    await w.second();
    w.fast();
    await w.second();
    expect(w.fast()).toEqual([['activity.summary']]);
    expect(w.sampler.part(locksPoll)).toMatchObject({ status: 'ok', rows: [], at: w.clock.now() });

    const { holder, waiter } = await pileUp();
    // the answer that says so is followed by the question, without waiting for another tick
    w.clock.advance(SECOND);
    await until(() => w.sampler.part(locksPoll).rows.length > 0, { what: 'the forest' });
    expect(w.fast()).toEqual([['activity.summary'], ['locks.tree']]);
    expect(
      w.sampler
        .part(locksPoll)
        .rows.map(({ pid }) => pid)
        .sort(),
    ).toEqual([holder.pid, waiter.pid].sort());

    await holder.sql('ROLLBACK');
    await until(async () => (await admin.sql('SELECT 1 FROM pg_locks WHERE NOT granted')).length === 0, {
      what: 'the end of the wait',
    });
    await w.second();
    await w.second();
    expect(w.sampler.part(locksPoll)).toMatchObject({ status: 'ok', rows: [] });
    await w.second();
    expect(w.fast().at(-1)).toEqual(['activity.summary']);
  });

  test('texts of statements are asked for as soon as there are statements, and each once', async () => {
    const w = watching(cluster.target());
    await w.start(summaryPoll, statementsPoll, statementTextsPoll);
    await until(() => w.sampler.part(statementTextsPoll).rows.length > 0, { what: 'the texts' });
    expect(w.clock.now()).toBe(0);
    const texts = w.sampler.part(statementTextsPoll).rows;
    expect(new Set(texts.map(({ queryid }) => queryid)).size).toBe(texts.length);
    // the server reads all texts for it: what is new waits until a minute is over
    const asked = () => w.sent.filter(({ ids }) => ids.includes('statements.texts')).length;
    const fresh = await connect(cluster.target(), 'workload', 'test');
    await fresh.sql(`SELECT pg_sleep(0.05) AS fresh_${texts.length}`);
    await fresh.close();
    const known = () =>
      w.sampler.part(statementTextsPoll).rows.some(({ query }) => query?.includes('AS fresh_'));
    for (let i = 0; i < 4; i++) await w.second(10);
    expect([asked(), known()]).toEqual([1, false]);
    for (let i = 0; i < 3; i++) await w.second(10);
    await until(known, { what: 'the new text' });
    expect(asked()).toBe(2);
  });
});

describe('refusals', () => {
  test('a denied part says what to grant, and is not asked again until there is a new connection', async () => {
    const w = watching(cluster.target({ user: 'nobody' }));
    await w.start(summaryPoll, walDirectoryPoll);
    expect(w.sampler.part(walDirectoryPoll)).toMatchObject({
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
      await until(() => w.sampler.part(walDirectoryPoll).status === 'ok', { what: 'the granted part' });
      expect(asked()).toBe(2);
    } finally {
      await admin.sql('REVOKE pg_monitor FROM nobody');
    }
  });

  test('what is known to be missing is not asked at all', async () => {
    await admin.sql('CREATE DATABASE bare');
    try {
      const w = watching(cluster.target({ database: 'bare' }));
      await w.start(summaryPoll, statementsPoll);
      expect(w.sampler.part(statementsPoll)).toMatchObject({
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
    await w.start(summaryPoll, databasePoll);
    const before = w.sampler.part(databasePoll);
    const locker = await app();
    await locker.sql('BEGIN');
    await locker.sql('LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE');
    await w.second();
    expect(w.sampler.part(databasePoll)).toMatchObject({
      status: 'skipped',
      reason: expect.stringContaining('lock timeout'),
      rows: before.rows,
      at: before.at,
    });
    expect(w.sampler.part(summaryPoll)).toMatchObject({ status: 'ok', at: SECOND });
    // a statement that was cancelled (57014) is no other case
    w.sampler.refresh();
    await until(
      async () => {
        await admin.sql('SELECT pg_cancel_backend($1)', [w.sessions.get('fast')?.pid]);
        return w.sampler.part(databasePoll).reason?.includes('user request');
      },
      { what: 'a cancelled question' },
    );
    expect(w.sampler.part(databasePoll)).toMatchObject({ status: 'skipped', rows: before.rows });
    await locker.sql('ROLLBACK');
    w.sampler.refresh();
    await until(() => w.sampler.part(databasePoll).status === 'ok', { what: 'the part' });
  });

  test('a question that takes long is asked less often', async () => {
    const w = watching(cluster.target(), { tick: 0.5 });
    await w.start(summaryPoll, databasePoll);
    const locker = await app();
    await locker.sql('BEGIN');
    await locker.sql('LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE');
    // each attempt takes the 200 ms of lock_timeout, more than a quarter of the interval
    const half = async (times: number) => {
      for (let i = 0; i < times; i++) await w.second(0.5);
    };
    await half(1);
    expect(w.sampler.every(databasePoll)).toBe(1);
    await half(2);
    expect(w.sampler.every(databasePoll)).toBe(2);
    expect(w.sampler.every(summaryPoll)).toBe(0.5);
    await locker.sql('ROLLBACK');
    await half(4);
    expect(w.sampler.every(databasePoll)).toBe(0.5);
  });
});

test('asked by hand while an answer is out, it is asked again after that one', async () => {
  const w = watching(cluster.target());
  await w.start(summaryPoll, activityPoll);
  w.fast();
  w.clock.advance(SECOND);
  expect(w.sampler.stalledFor).toBeDefined();
  w.sampler.refresh([activityPoll]);
  await until(() => w.sent.length === 2, { what: 'the second question' });
  await w.answered(activityPoll);
  expect(w.fast()).toEqual([expect.arrayContaining(['activity.list']), ['activity.list']]);
});
