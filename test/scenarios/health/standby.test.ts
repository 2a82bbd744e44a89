import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect, type Session } from '../../../src/db/client.ts';
import { replicationLag } from '../../../src/health/checks/replication-lag.ts';
import { replicationSlot } from '../../../src/health/checks/replication-slot.ts';
import { standbyConflicts } from '../../../src/health/checks/standby-conflicts.ts';
import { standbyMissing } from '../../../src/health/checks/standby-missing.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { lookAt } from '../../health/stage.ts';
import { throwawayCluster, until } from '../../support/cluster.ts';
import { createStandby } from '../../support/standby.ts';

let primary: Cluster;
let standby: Cluster;
let writer: Session;
let below: Session;

beforeAll(async () => {
  primary = await throwawayCluster({ autovacuum: 'off', max_wal_size: '32MB', synchronous_commit: 'local' });
  standby = await createStandby(primary, inject('postgres').bin, 'application_name=the_standby', {
    primary_slot_name: 'the_slot',
    max_standby_streaming_delay: '0',
    wal_retrieve_retry_interval: '100ms',
  });
  writer = await connect(primary.target(), 'workload', 'writer');
});
afterAll(async () => {
  await Promise.all([writer, below].map((session) => session?.close()));
  await Promise.all([standby, primary].map((cluster) => cluster?.remove()));
});

const lag = { checks: [replicationLag] };
const slots = { checks: [replicationSlot] };
const conflicts = { checks: [standbyConflicts] };

const missing = { checks: [standbyMissing] };

/** Whom commits wait for; those of this test do not. */
async function waitFor(names: string): Promise<void> {
  await writer.sql(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
  await writer.sql('SELECT pg_reload_conf()');
  const set = "SELECT current_setting('synchronous_standby_names') AS names";
  await until(async () => (await writer.sql(set))[0]?.names === names, { what: 'the reload' });
}

const well = (seen: object) => expect(seen).toMatchObject({ findings: [], unknown: [] });

/** Fills segments of WAL, with next to nothing. */
async function segments(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await writer.sql('CREATE TABLE IF NOT EXISTS filled (id int)');
    await writer.sql('INSERT INTO filled VALUES (1)');
    await writer.sql('SELECT pg_switch_wal()');
  }
}

async function caughtUp(): Promise<void> {
  const same = 'SELECT replay_lsn = pg_current_wal_lsn() AS same FROM pg_stat_replication';
  await until(async () => (await writer.sql(same))[0]?.same, { what: 'the standby to have replayed all' });
}

test('without a standby nothing lags, and without a slot nothing is kept', async () => {
  const seen = await lookAt(primary.target(), lag);
  well(seen);
  expect(seen).toMatchObject({ score: 100, coverage: 10 });
  well(await lookAt(primary.target(), slots));
  well(await lookAt(primary.target(), conflicts));
});

test('a slot that nobody reads from is found, and how bad that is depends on what it keeps', async () => {
  await writer.sql("SELECT pg_create_physical_replication_slot('the_slot', true)");
  await writer.sql('CREATE TABLE t (id int)');
  expect((await lookAt(primary.target(), slots)).findings).toMatchObject([
    {
      id: 'replication_slot:the_slot',
      severity: 'warning',
      title: expect.stringMatching(
        /^Nobody reads from the slot the_slot, and it keeps [\d.]+ \w?B of WAL\.$/,
      ),
      remedy: { sql: "SELECT pg_drop_replication_slot('the_slot')" },
    },
  ]);
  await segments(4);
  expect((await lookAt(primary.target(), slots)).findings).toMatchObject([
    { severity: 'alert', threshold: 32 * 1024 ** 2, evidence: expect.stringContaining('extended') },
  ]);
});

test('a standby that has caught up does not lag, seen from both sides, and its slot is in use', async () => {
  await standby.start();
  below = await connect(standby.target(), 'workload', 'reader');
  await caughtUp();
  for (const cluster of [primary, standby]) well(await lookAt(cluster.target(), lag));
  well(await lookAt(primary.target(), slots));
});

test('a standby that commits wait for is missed unless it is there, for as many as are waited for', async () => {
  well(await lookAt(primary.target(), missing));
  await waitFor('the_standby');
  await until(async () => (await lookAt(primary.target(), missing)).findings.length === 0, {
    what: 'the standby to be synchronous',
  });
  await waitFor('ANY 2 (the_standby, other)');
  expect((await lookAt(primary.target(), missing)).findings).toMatchObject([
    { id: 'standby_missing', severity: 'critical', cap: 60, value: 1, threshold: 2 },
  ]);
  await waitFor('');
  for (const cluster of [primary, standby]) well(await lookAt(cluster.target(), missing));
});

test('a role without rights is told that it does not see how far standbys are', async () => {
  await writer.sql('CREATE ROLE nobody LOGIN');
  const seen = await lookAt(primary.target({ user: 'nobody' }), lag);
  expect(seen.unknown).toMatchObject([{ remedy: 'GRANT pg_read_all_stats TO "nobody"' }]);
  expect(seen.findings).toEqual([]);
});

test('a standby that does not replay lags by as long as it is known to, seen from both sides', async () => {
  await caughtUp();
  await below.sql('SELECT pg_wal_replay_pause()');
  await writer.sql("CREATE TABLE paused AS SELECT repeat('p', 100) AS p FROM generate_series(1, 1000)");
  const received = 'SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn() AS more';
  await until(async () => (await below.sql(received))[0]?.more, { what: 'WAL that is not replayed' });

  const above = await lookAt(primary.target(), { ...lag, seconds: 30 });
  expect(above.findings).toMatchObject([
    { id: 'replication_lag:the_slot', severity: 'alert', unit: 's', threshold: 10 },
  ]);
  expect(above.findings[0]?.title).toMatch(/^the_slot is at least 30s \(\d+ kB\) behind\.$/);
  expect(above.findings[0]?.remedy).toMatchObject({ advice: expect.stringContaining('paused') });
  // it may be an hour
  expect(above).toMatchObject({ score: null, unknown: [{ check: 'replication_lag' }] });
  const longer = await lookAt(primary.target(), { ...lag, seconds: 400 });
  expect(longer).toMatchObject({ score: 0, unknown: [], findings: [{ severity: 'critical' }] });

  const own = await lookAt(standby.target(), { ...lag, seconds: 30 });
  expect(own.findings).toMatchObject([
    { id: 'replication_lag', severity: 'alert', remedy: { sql: 'SELECT pg_wal_replay_resume()' } },
  ]);
  expect(own.findings[0]?.title).toMatch(/behind what it has received: replay is paused\.$/);

  await below.sql('SELECT pg_wal_replay_resume()');
  await caughtUp();
  for (const cluster of [primary, standby]) well(await lookAt(cluster.target(), { ...lag, seconds: 30 }));
});

test('queries that are cancelled for replay are found by the kind of conflict, until there are no more', async () => {
  await writer.sql('CREATE TABLE seen AS SELECT generate_series(1, 100) AS id');
  await caughtUp();
  const cancelled = async () => {
    // one that is idle then loses its connection with its query
    const victim = await connect(standby.target(), 'workload', 'victim');
    await victim.sql('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await victim.sql('SELECT count(*) FROM seen');
    await writer.sql('DELETE FROM seen');
    await writer.sql('VACUUM seen');
    const counted = 'SELECT sum(confl_snapshot)::int AS n FROM pg_stat_database_conflicts';
    await until(async () => (await below.sql(counted))[0]?.n === 1, { what: 'the conflict counted' });
    await victim.close();
  };
  const seen = await lookAt(standby.target(), { ...conflicts, meanwhile: cancelled });
  expect(seen.findings).toMatchObject([{ id: 'standby_conflicts:snapshot', severity: 'warning', value: 1 }]);
  expect(seen.findings[0]?.title).toBe('1 query was cancelled for replay (snapshot).');
  expect(seen.findings[0]?.evidence).toMatch(/^In postgres within the last \d/);
  expect((await lookAt(standby.target(), conflicts)).unknown).toMatchObject([{ check: 'standby_conflicts' }]);
  well(await lookAt(standby.target(), { ...conflicts, seconds: 60 }));
});

test('a standby without its primary is told, and its lag is not known', async () => {
  await writer.close();
  await primary.stop('immediate');
  const seen = await until(
    async () => {
      const found = await lookAt(standby.target(), lag);
      return found.findings.length > 0 && found;
    },
    { what: 'the end of the receiver' },
  );
  expect(seen.findings).toMatchObject([{ id: 'replication_lag', severity: 'alert' }]);
  expect(seen.findings[0]?.title).toBe('This standby has lost the connection to its primary.');
  expect(seen).toMatchObject({ score: null, coverage: 0 });
  expect(seen.unknown[0]?.reason).toMatch(/is connected to no primary/);
});

test('a slot whose WAL is gone is lost', async () => {
  await standby.stop('immediate');
  await primary.start();
  writer = await connect(primary.target(), 'workload', 'writer');
  await waitFor('the_standby');
  // every role sees that there is none
  for (const user of ['postgres', 'nobody'])
    expect((await lookAt(primary.target({ user }), missing)).findings).toMatchObject([
      { title: 'No synchronous standby is connected, and commits wait for 1.' },
    ]);
  await waitFor('');
  await writer.sql("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
  await writer.sql('SELECT pg_reload_conf()');
  await segments(4);
  await until(
    async () => {
      await writer.sql('CHECKPOINT');
      const [row] = await writer.sql('SELECT wal_status FROM pg_replication_slots');
      return row?.wal_status === 'lost';
    },
    { what: 'the loss' },
  );
  const seen = await lookAt(primary.target(), slots);
  expect(seen.findings).toMatchObject([{ id: 'replication_slot:the_slot', severity: 'critical', cap: 60 }]);
  expect(seen.findings[0]?.title).toMatch(/^The slot the_slot has lost WAL that its standby needs/);
  await writer.sql("SELECT pg_drop_replication_slot('the_slot')");
  well(await lookAt(primary.target(), slots));
});
