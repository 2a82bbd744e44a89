import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connect, type Session } from '../../src/db/client.ts';
import type { Target } from '../../src/db/target.ts';
import { type Cluster, createCluster } from '../../src/hosts/cluster/cluster.ts';
import { Figures } from '../../src/monitor/figures.ts';
import { Reading } from '../../src/monitor/reading.ts';
import { DEFAULT_WANTS } from '../../src/monitor/wants.ts';
import { METRIC_POLLS, METRICS } from '../../src/watch/metrics/registry.ts';
import { metricsText } from '../../src/watch/metrics/text.ts';
import { createStandby } from '../support/standby.ts';
import { until } from '../support/until.ts';
import { type Series, scraped } from '../watch/metrics/exposition.ts';

const { bin, major } = inject('postgres');
let primary: Cluster;
let standby: Cluster;
let app: Session;

const settings = {
  shared_preload_libraries: 'pg_stat_statements',
  archive_mode: 'on',
  archive_command: 'true',
  autovacuum: 'off',
  max_prepared_transactions: '2',
  max_slot_wal_keep_size: '1GB',
  track_io_timing: 'on',
};

/** A server on which there is something of everything that is counted. */
beforeAll(async () => {
  primary = await createCluster({ bin, settings });
  standby = await createStandby(primary, bin, 'application_name=replica', {
    ...settings,
    primary_slot_name: 'kept',
  });
  app = await connect(primary.target(), 'workload', 'app');
  await app.sql(`SELECT pg_create_physical_replication_slot('kept', true)`);
  await standby.start();
  await app.sql('CREATE EXTENSION pg_stat_statements');
  await app.sql('CREATE TABLE orders (id int PRIMARY KEY, note text)');
  await app.sql(`INSERT INTO orders SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g`);
  // what is counted after ANALYZE comes on top of what that has found
  await reached('SELECT n_live_tup = 20000 AS ready FROM pg_stat_user_tables', 'the rows counted');
  await app.sql('VACUUM (ANALYZE) orders');
  await app.sql('BEGIN');
  await app.sql('INSERT INTO orders VALUES (0)');
  await app.sql(`PREPARE TRANSACTION 'left'`);
  await app.sql('SELECT pg_switch_wal()');
  await app.sql('CHECKPOINT');
  await reached(
    `SELECT (SELECT archived_count FROM pg_stat_archiver) > 0
      AND EXISTS (SELECT FROM pg_stat_replication WHERE replay_lsn IS NOT NULL)
      AND (SELECT last_vacuum IS NOT NULL AND last_analyze IS NOT NULL FROM pg_stat_user_tables) AS ready`,
    'the archiver, the standby and the statistics',
  );
});
afterAll(async () => {
  await app?.close();
  await standby?.remove();
  await primary?.remove();
});

const reached = (sql: string, what: string) =>
  until(async () => (await app.sql(sql))[0]?.ready, { what, timeout: 20_000 });

async function scrape(target: Target): Promise<readonly Series[]> {
  const session = await connect(target, 'slow', 'pgdeck-monitor');
  try {
    const reading = new Reading(session, { ...DEFAULT_WANTS, idle: true });
    const figures = new Figures(reading);
    for (let i = 0; i < 2; i++) {
      await reading.read(METRIC_POLLS);
      figures.observe();
    }
    const failed = METRIC_POLLS.filter((poll) => figures.part(poll).status !== 'ok');
    expect(failed.map(({ query }) => query.id)).toEqual([]);
    return scraped(
      await metricsText({
        ...{ figures, server: 'here', assessment: undefined, sampledAt: 1, up: true, stale: false },
        ...{ alerts: [], notifications: { pending: 0, sent: 0, givenUp: 0 } },
      }),
    );
  } finally {
    await session.close();
  }
}

/** What the server tells, as it is claimed of this major. */
const claimed = METRICS.filter(({ min, max, reads }) => reads.length > 0 && min <= major && major <= max).map(
  ({ name }) => name,
);
const missing = (series: readonly Series[]): string[] => {
  const there = new Set(series.map(({ name }) => name));
  return claimed.filter((name) => !there.has(name));
};

test('all that is claimed of this version is there, and a number', async () => {
  const all = await scrape(primary.target());
  expect(missing(all)).toEqual([
    // nobody asked for data checksums before they came unasked
    ...(major < 18 ? ['pgdeck_database_checksum_failures_total'] : []),
    ...['pg_stat_user_tables_last_autovacuum', 'pg_stat_user_tables_last_autoanalyze'],
    ...['pg_replication_lag_seconds', 'pg_replication_last_replay_seconds'],
  ]);
  expect(all.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
  const value = (name: string) => all.find((one) => one.name === name)?.value;
  expect(value('pgdeck_prepared_transactions')).toBe(1);
  expect(value('pg_replication_slots_active')).toBe(1);
  expect(value('pgdeck_wal_directory_bytes')).toBeGreaterThan(16 * 2 ** 20 - 1);
});

test('what a version counts elsewhere is told under the name of there', async () => {
  const names = new Set((await scrape(primary.target())).map(({ name }) => name));
  const until16 = [
    'pg_stat_bgwriter_checkpoints_req_total',
    'pg_stat_bgwriter_checkpoint_write_time_total',
    'pg_stat_bgwriter_buffers_backend_total',
  ];
  const from17 = ['pg_stat_checkpointer_num_requested_total', 'pg_stat_checkpointer_write_time_total'];
  const present = (list: readonly string[]) => list.filter((name) => names.has(name));
  expect(present(until16)).toEqual(major <= 16 ? until16 : []);
  expect(present(from17)).toEqual(major >= 17 ? from17 : []);
  expect(names.has('pg_stat_bgwriter_buffers_alloc_total')).toBe(true);
  expect(names.has('pg_stat_database_active_time_seconds_total')).toBe(major >= 14);
});

test('on a standby too', async () => {
  const all = await scrape(standby.target());
  // what the primary archived before it was copied may be in the copy
  const absent = missing(all).filter((name) => name !== 'pg_stat_archiver_last_archive_age');
  expect(absent).toEqual([
    ...(major < 18 ? ['pgdeck_database_checksum_failures_total'] : []),
    // the statistics of the primary are not here, and nobody receives from here
    ...['pg_stat_user_tables_last_vacuum', 'pg_stat_user_tables_last_autovacuum'],
    ...['pg_stat_user_tables_last_analyze', 'pg_stat_user_tables_last_autoanalyze'],
    'pgdeck_table_bloat_estimate_bytes',
    ...['pg_stat_replication_pg_wal_lsn_diff', 'pgdeck_standby_lag_seconds'],
    ...['pg_replication_slots_active', 'pg_replication_slots_pg_wal_lsn_diff'],
    ...['pg_replication_slots_safe_wal_size_bytes', 'pg_replication_slots_wal_status'],
  ]);
  expect(all.find(({ name }) => name === 'pg_replication_is_replica')?.value).toBe(1);
});
