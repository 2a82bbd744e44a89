import { describe, expect, test } from 'vitest';
import { summaryPoll } from '../../../src/db/queries/activity.ts';
import { databasePoll } from '../../../src/db/queries/database.ts';
import { admin, cluster, ownServer, watching } from '../../monitor/sampler-stage.ts';
import { SECOND } from '../../monitor/watching.ts';
import { until } from '../../support/cluster.ts';

ownServer();

describe('the connection', () => {
  test('lost: the rows stay as old ones, and come back by themselves', async () => {
    const w = watching(cluster.target());
    await w.start(summaryPoll, databasePoll);
    const rows = w.sampler.part(databasePoll).rows;
    await admin.sql('SELECT pg_terminate_backend($1)', [w.sessions.get('fast')?.pid]);
    await until(() => w.sampler.link.state === 'away', { what: 'the loss' });
    expect(w.sampler.link).toMatchObject({ retryAt: w.clock.now() + 500, error: { kind: 'lost' } });
    expect(w.sampler.part(databasePoll)).toMatchObject({ status: 'stale', rows });
    expect(w.sampler.control).toBeUndefined();
    // none of the three is left behind
    await until(
      async () =>
        (await admin.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'pgdeck-monitor'"))
          .length === 0,
      { what: 'the end of the other connections' },
    );
    w.clock.advance(SECOND);
    await until(() => w.sampler.part(databasePoll).status === 'ok', { what: 'the data' });
    expect(w.sampler.link.state).toBe('connected');
    expect(w.events).toContain('link');
  });

  test('is tried again in its own time, however long the interval is', async () => {
    let database = 'nowhere';
    const w = watching(() => cluster.target({ database }), { tick: 60 });
    w.sampler.need([summaryPoll]);
    w.sampler.start();
    await until(() => w.sampler.link.state === 'away', { what: 'a failure' });
    database = 'postgres';
    w.clock.advance(SECOND);
    await until(() => w.sampler.part(summaryPoll).status === 'ok', { what: 'the data' });
  });

  test('R connects at once', async () => {
    const w = watching(cluster.target());
    await w.start(summaryPoll);
    await admin.sql('SELECT pg_terminate_backend($1)', [w.sessions.get('control')?.pid]);
    await until(() => w.sampler.link.state === 'away', { what: 'the loss' });
    w.sampler.refresh();
    await until(() => w.sampler.part(summaryPoll).status === 'ok', { what: 'the data' });
    expect(w.clock.now()).toBe(0);
  });
});

describe('time', () => {
  test('paused, nothing is asked but what is asked for; going on asks at once', async () => {
    const w = watching(cluster.target());
    await w.start(summaryPoll);
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
    await w.start(summaryPoll);
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
  await w.start(summaryPoll);
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
