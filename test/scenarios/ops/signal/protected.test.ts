import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import type { Cluster } from '../../../../src/hosts/cluster/cluster.ts';
import { decide } from '../../../../src/ops/signal/protect.ts';
import { begin, planSignal, seen } from '../../../ops/signal/stage.ts';
import { throwawayCluster, until } from '../../../support/cluster.ts';

// a server of its own: its autovacuum runs at once and then takes long
let cluster: Cluster;
let control: Session;
let app: Session;

beforeAll(async () => {
  cluster = await throwawayCluster({ autovacuum_naptime: '1s', log_autovacuum_min_duration: '-1' });
  control = await connect(cluster.target(), 'control', 'pgdeck-control');
  app = await connect(cluster.target(), 'workload', 'app');
});

afterAll(async () => {
  await app.close();
  await control.close();
  await cluster.remove();
});

const pidOf = (type: string) =>
  until(
    async () => {
      const [row] = await control.sql('SELECT pid FROM pg_stat_activity WHERE backend_type = $1', [type]);
      return row?.pid as number | undefined;
    },
    { what: `a ${type}`, timeout: 15_000 },
  );

async function refusal(pid: number, action: 'cancel' | 'terminate' = 'terminate') {
  const plan = await planSignal(control, { action, pick: { pids: [{ pid }] } });
  expect(plan.victims).toEqual([]);
  return plan.refused[0];
}

test("this pgdeck's own sessions, known by what they are and not by a name", async () => {
  const monitor = await connect(cluster.target(), 'fast', 'pgdeck-monitor');
  expect(await refusal(control.pid)).toMatchObject({ why: 'own' });
  expect(await refusal(monitor.pid)).toMatchObject({
    why: 'own',
    reason: expect.stringContaining("this pgdeck's own"),
  });
  await monitor.close();
  // anybody can call itself so
  const impostor = await connect(cluster.target(), 'workload', 'pgdeck-monitor');
  const plan = await planSignal(control, { action: 'terminate', pick: { pids: [{ pid: impostor.pid }] } });
  expect(plan).toMatchObject({ refused: [], victims: [{ target: { pid: impostor.pid, own: false } }] });
  await impostor.close();
});

test('a walsender', async () => {
  const { host, port, user, database } = cluster.target();
  const standby = new pg.Client({
    host,
    port,
    user,
    database,
    application_name: 'standby-1',
    ...{ replication: 'true' },
  });
  await standby.connect();
  expect(await refusal(await pidOf('walsender'))).toMatchObject({
    why: 'protected',
    reason: expect.stringContaining('walsender (replication to standby-1)'),
  });
  await standby.end();
});

test('processes of the server', async () => {
  expect(await refusal(await pidOf('checkpointer'))).toMatchObject({
    why: 'protected',
    reason: expect.stringContaining('(checkpointer)'),
  });
});

test('a parallel worker: the answer is its leader', async () => {
  const name = control.server.major >= 16 ? 'debug_parallel_query' : 'force_parallel_mode';
  await app.sql(`SET ${name} = on`);
  const over = begin(app, 'SELECT pg_sleep(600)');
  const worker = await pidOf('parallel worker');
  expect(await refusal(worker, 'cancel')).toMatchObject({
    why: 'protected',
    remedy: `Signal its leader: ${app.pid}.`,
  });
  await control.sql('SELECT pg_cancel_backend($1)', [app.pid]);
  await over;
});

test('an autovacuum worker, and more so one that prevents wraparound', async () => {
  const writer = await connect(cluster.target(), 'workload', 'writer');
  await writer.sql(
    'CREATE TABLE slow (id int) WITH (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)',
  );
  await writer.sql('INSERT INTO slow SELECT generate_series(1, 20000)');
  await writer.sql('DELETE FROM slow');
  // a session that ends publishes its counters at once
  await writer.close();
  const worker = await pidOf('autovacuum worker');
  expect(await refusal(worker)).toMatchObject({
    why: 'protected',
    reason: expect.stringContaining('would come back within autovacuum_naptime'),
  });
  const target = {
    ...(await seen(control, worker)),
    query: 'autovacuum: VACUUM public.slow (to prevent wraparound)',
  };
  expect(
    decide(target, { server: control.server, action: 'cancel', named: [], unverified: false }),
  ).toMatchObject({
    why: 'protected',
    reason: expect.stringContaining('must not be stopped'),
  });
});
