import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import { activityList, activitySummary } from '../../src/db/queries/activity.ts';
import { progressAnalyze } from '../../src/db/queries/progress.ts';
import { type Cluster, createCluster } from '../../src/hosts/cluster/cluster.ts';
import { signalCancel, signalTargets } from '../../src/ops/signal/queries/signal.ts';
import { until } from '../support/until.ts';

let cluster: Cluster;
let holder: Session;
let monitor: Session;
let limited: Session;

beforeAll(async () => {
  cluster = await createCluster({
    bin: inject('postgres').bin,
    settings: {
      autovacuum_naptime: '1s',
      autovacuum_analyze_threshold: '10',
      log_autovacuum_min_duration: '0',
    },
  });
  holder = await connect(cluster.target(), 'workload', 'holder');
  await holder.sql(`CREATE FUNCTION turnstile(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_lock_shared(1); PERFORM pg_advisory_unlock_shared(1); RETURN i; END'`);
  await holder.sql('CREATE TABLE analysed (id int)');
  await holder.sql('CREATE INDEX ON analysed (turnstile(id))');
  const filler = await connect(cluster.target(), 'workload', 'filler');
  await filler.sql('INSERT INTO analysed SELECT generate_series(1, 1000)');
  await holder.sql('SELECT pg_advisory_lock(1)');
  await filler.close();
  await holder.sql('CREATE ROLE limited LOGIN');
  await holder.sql('GRANT pg_read_all_stats, pg_signal_backend TO limited');
  monitor = await connect(cluster.target(), 'fast', 'pgdeck-monitor');
  limited = await connect(cluster.target({ user: 'limited' }), 'control', 'pgdeck');
});
afterAll(async () => {
  await Promise.all([holder, monitor, limited].map((session) => session?.close()));
  await cluster?.remove();
});

test('an autovacuum worker is seen at work, and only those who may can cancel it', async () => {
  const row = await until(
    async () => (await monitor.run(progressAnalyze, undefined)).find((r) => r.wait_event === 'advisory'),
    { what: 'autovacuum at the turnstile', timeout: 15_000 },
  );
  expect(row).toMatchObject({ command: 'autoanalyze', relation: 'public.analysed', datname: 'postgres' });
  expect(row.run_seconds).toBeGreaterThan(0);
  const [summary] = await monitor.run(activitySummary, { idleSeconds: 600 });
  expect(summary?.lock_waiting).toBe(1);
  const list = await monitor.run(activityList, { queryChars: 100, limit: 100, idle: false });
  expect(list.find((r) => r.pid === row.pid)).toMatchObject({
    backend_type: 'autovacuum worker',
    usename: null,
    client_addr: null,
    query: expect.stringMatching(/^autovacuum: (VACUUM )?ANALYZE public.analysed/),
  });

  const pids = [row.pid];
  const [target] = await limited.run(signalTargets, { pids });
  const newer = limited.server.major >= 18;
  expect(target).toMatchObject({
    needs: newer ? 'pg_signal_autovacuum_worker' : 'superuser',
    superuser: false,
  });
  const identity = { pid: row.pid, backendStart: target?.backend_start_us ?? 0, queryStart: null };
  await expect(limited.run(signalCancel, identity)).rejects.toMatchObject({ kind: 'denied' });
  if (newer) {
    await holder.sql('GRANT pg_signal_autovacuum_worker TO limited');
    expect(await limited.run(signalTargets, { pids })).toMatchObject([{ own: false, needs: null }]);
    expect(await limited.run(signalCancel, identity)).toMatchObject([{ sent: true }]);
  } else expect(await monitor.run(signalCancel, identity)).toMatchObject([{ sent: true }]);
});
