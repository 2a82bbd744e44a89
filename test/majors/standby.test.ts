import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import {
  replicationReceiver,
  replicationSenders,
  replicationSlots,
  replicationStandby,
} from '../../src/db/queries/replication.ts';
import { walPosition } from '../../src/db/queries/wal.ts';
import { type Cluster, createCluster } from '../../src/hosts/cluster/cluster.ts';
import { everyQuery, sampleOf } from '../db/queries/samples.ts';
import { createStandby } from '../support/standby.ts';
import { until } from '../support/until.ts';

let primary: Cluster;
let standby: Cluster;
let writer: Session;
let above: Session;
let below: Session;

beforeAll(async () => {
  const { bin } = inject('postgres');
  primary = await createCluster({ bin, settings: { autovacuum: 'off' } });
  standby = await createStandby(primary, bin, 'application_name=the_standby', {
    primary_slot_name: 'the_slot',
  });
  writer = await connect(primary.target(), 'workload', 'writer');
  await writer.sql("SELECT pg_create_physical_replication_slot('the_slot')");
  await standby.start();
  above = await connect(primary.target(), 'fast', 'pgdeck-monitor');
  below = await connect(standby.target(), 'fast', 'pgdeck-monitor');
});
afterAll(async () => {
  await Promise.all([writer, above, below].map((session) => session?.close()));
  await Promise.all([standby, primary].map((cluster) => cluster?.remove()));
});

function sender(reached: (row: Awaited<ReturnType<typeof senders>>[number]) => boolean, what: string) {
  return until(async () => (await senders()).find(reached), { what });
}
const senders = () => above.run(replicationSenders, undefined);

async function standbyState(
  reached: (row: NonNullable<Awaited<ReturnType<typeof state>>>) => boolean,
  what: string,
) {
  return until(
    async () => {
      const row = await state();
      return row !== undefined && reached(row) && row;
    },
    { what },
  );
}
const state = async () => (await below.run(replicationStandby, undefined))[0];

test('a standby that has caught up lags by nothing, seen from both sides', async () => {
  const row = await sender((r) => r.state === 'streaming' && r.total_lag_bytes === 0, 'streaming');
  expect(row).toMatchObject({
    application_name: 'the_standby',
    usename: 'postgres',
    sync_state: 'async',
    slot_name: 'the_slot',
    send_lag_bytes: 0,
    write_lag_bytes: 0,
    flush_lag_bytes: 0,
    replay_lag_bytes: 0,
  });
  expect(row.replay_lsn_bytes).toBe(row.current_lsn_bytes);
  expect(row.current_lsn_bytes).toBeGreaterThan(0);
  expect(await standbyState((r) => r.replay_lag_bytes === 0, 'all replayed')).toMatchObject({
    standby: true,
    paused: false,
    replay_lag_seconds: 0,
  });
  const { host, port } = primary.target();
  expect(await below.run(replicationReceiver, undefined)).toMatchObject([
    { status: 'streaming', sender_host: host, sender_port: port, slot_name: 'the_slot', received_tli: 1 },
  ]);
  expect((await below.run(walPosition, undefined))[0]?.lsn_bytes).toBe(row.current_lsn_bytes);
});

test('a paused standby lags by bytes that it has and does not show', async () => {
  await below.sql('SELECT pg_wal_replay_pause()');
  await writer.sql("CREATE TABLE paused AS SELECT repeat('p', 100) AS p FROM generate_series(1, 10000)");
  const row = await sender((r) => (r.replay_lag_bytes ?? 0) > 1_000_000, 'a lag on the primary');
  expect(row.total_lag_bytes).toBeGreaterThanOrEqual(row.replay_lag_bytes ?? 1e15);
  const behind = await standbyState((r) => (r.replay_lag_bytes ?? 0) > 1_000_000, 'a lag on the standby');
  expect(behind.paused).toBe(true);
  // nothing was committed since the copy, so the age of the last commit replayed is unknown: never 0
  expect(behind.replay_lag_seconds).not.toBe(0);
  await below.sql('SELECT pg_wal_replay_resume()');
  await standbyState((r) => r.replay_lag_bytes === 0 && r.replay_lag_seconds === 0, 'all replayed again');
});

test('every query answers on a standby', async () => {
  const queries = (await everyQuery()).filter((query) => query.unavailable?.(below.server) === undefined);
  const sample = await sampleOf(below.server);
  const answers = await below.batch(queries.map((query) => ({ query, input: sample(query) })));
  const failed = answers.flatMap((answer, i) =>
    answer.ok ? [] : [`${queries[i]?.id}: ${answer.error.message}`],
  );
  expect(failed).toEqual([]);
  expect(below.server.standby).toBe(true);
});

test('a standby that went away is missed, and its slot keeps WAL', async () => {
  expect(await above.run(replicationSlots, undefined)).toMatchObject([
    { slot_name: 'the_slot', active: true },
  ]);
  await below.close();
  await standby.stop('immediate');
  await until(async () => (await senders()).length === 0, { what: 'the end of the sender' });
  await writer.sql("CREATE TABLE alone AS SELECT repeat('a', 100) AS a FROM generate_series(1, 10000)");
  const slot = await until(
    async () =>
      (await above.run(replicationSlots, undefined)).find((r) => (r.retained_bytes ?? 0) > 1_000_000),
    { what: 'WAL kept by the slot' },
  );
  expect(slot).toMatchObject({ active: false, active_pid: null, wal_status: 'reserved' });
});
