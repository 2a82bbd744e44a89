import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { mergeThresholds } from '../../../src/config/thresholds.ts';
import { connect } from '../../../src/db/client.ts';
import type { AnyPoll, Poll } from '../../../src/db/poll.ts';
import { databasePoll } from '../../../src/db/queries/database.ts';
import { sendersPoll } from '../../../src/db/queries/replication.ts';
import type { Session } from '../../../src/db/session.ts';
import type { Target } from '../../../src/db/target.ts';
import { assess } from '../../../src/health/assess.ts';
import { SEVERITIES } from '../../../src/health/finding.ts';
import type { Outside } from '../../../src/health/outside.ts';
import { CHECKS, countsOf, pollsOf } from '../../../src/health/registry.ts';
import type { Cluster } from '../../../src/hosts/cluster/cluster.ts';
import { Figures } from '../../../src/monitor/figures.ts';
import { Reading } from '../../../src/monitor/reading.ts';
import type { Part } from '../../../src/monitor/snapshot.ts';
import { DEFAULT_WANTS } from '../../../src/monitor/wants.ts';
import { chapterFile } from '../../../src/package/reference/manual.ts';
import type { Scrape } from '../../../src/watch/metrics/metric.ts';
import { METRIC_POLLS, METRICS } from '../../../src/watch/metrics/registry.ts';
import { metricsText } from '../../../src/watch/metrics/text.ts';
import { SERVER } from '../../health/facts.ts';
import { NOTHING_TOLD } from '../../health/stage.ts';
import { client, throwawayCluster } from '../../support/cluster.ts';
import { createStandby } from '../../support/standby.ts';
import { until } from '../../support/until.ts';
import { faultsOf, type Series, scraped } from './exposition.ts';
import { POSTGRES_EXPORTER } from './postgres-exporter.ts';

const TOLD: Outside = {
  ...NOTHING_TOLD,
  volumes: { known: [{ name: 'data directory', totalBytes: 100, freeBytes: 40 }] },
  jobs: { known: [] },
  backups: {
    known: [
      { id: 'b', madeAt: 9_000, verifiedAt: null, provenAt: null },
      { id: 'a', madeAt: 5_000, verifiedAt: 8_000, provenAt: null },
    ],
  },
};

let primary: Cluster;
let standby: Cluster;
let app: Session;

beforeAll(async () => {
  primary = await throwawayCluster({ shared_preload_libraries: 'pg_stat_statements', autovacuum: 'off' });
  standby = await createStandby(primary, inject('postgres').bin, 'application_name=replica');
  await standby.start();
  app = await client(primary.target(), 'app');
  await app.sql('CREATE EXTENSION pg_stat_statements');
  await app.sql(`SELECT pg_create_physical_replication_slot('kept', true)`);
  await app.sql('CREATE TABLE orders (id int PRIMARY KEY, note text)');
  await app.sql(`INSERT INTO orders SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g`);
  // counted up to a second later; what is counted after ANALYZE comes on top of what that has found
  await counted('pg_stat_get_live_tuples(oid) = 20000');
  await app.sql('ANALYZE orders');
  await app.sql('UPDATE orders SET note = note WHERE id <= 1500');
  await app.sql('SELECT count(*) FROM orders WHERE id = 1');
  await counted('pg_stat_get_dead_tuples(oid) = 1500');
  await until(
    async () => (await app.sql('SELECT FROM pg_stat_replication WHERE replay_lsn IS NOT NULL')).length > 0,
    {
      what: 'the standby',
      timeout: 20_000,
    },
  );
});
afterAll(async () => {
  await app?.close();
  await standby?.remove();
  await primary?.remove();
});

const counted = (condition: string) =>
  until(
    async () => (await app.sql(`SELECT FROM pg_class WHERE relname = 'orders' AND ${condition}`)).length > 0,
    {
      what: condition,
      timeout: 20_000,
    },
  );

/** A scrape of two readings; `text` is what is served. */
async function scrape(
  target: Target,
  change: Partial<Scrape> = {},
): Promise<{ scrape: Scrape; text: string }> {
  const session = await connect(target, 'slow', 'pgdeck-monitor');
  try {
    const reading = new Reading(session, { ...DEFAULT_WANTS, idle: true });
    const figures = new Figures(reading, countsOf(CHECKS));
    for (let i = 0; i < 2; i++) {
      await reading.read([...pollsOf(CHECKS), ...METRIC_POLLS]);
      figures.observe();
    }
    const facts = { figures, server: session.server, thresholds: mergeThresholds(undefined), outside: TOLD };
    const all: Scrape = {
      ...{ figures, server: 'here', assessment: assess(facts), sampledAt: 1_700_000_000_000 },
      ...{ up: true, stale: false, outside: TOLD },
      alerts: [
        { key: 'lock_wait:orders', severity: 'alert' },
        { key: 'lock_wait:items', severity: 'alert' },
        { key: 'disk', severity: 'critical' },
      ],
      notifications: { pending: 1, sent: 2, givenUp: 3 },
      ...change,
    };
    return { scrape: all, text: await metricsText(all) };
  } finally {
    await session.close();
  }
}

const find = (all: readonly Series[], name: string, labels: Readonly<Record<string, string>> = {}) =>
  all.filter(
    (one) => one.name === name && Object.entries(labels).every(([key, wanted]) => one.labels[key] === wanted),
  );
const value = (all: readonly Series[], name: string, labels?: Readonly<Record<string, string>>) =>
  find(all, name, labels)[0]?.value;

test('a scrape is what the server tells, in a form that Prometheus reads', async () => {
  const all = scraped((await scrape(primary.target())).text);
  const [row] = await app.sql(
    `SELECT pg_table_size('orders')::float8 AS size, pg_indexes_size('orders')::float8 AS indexes, oid::text, current_setting('max_connections')::int AS most FROM pg_database WHERE datname = current_database()`,
  );
  const orders = { datname: 'postgres', schemaname: 'public', relname: 'orders' };
  expect(value(all, 'pg_stat_user_tables_table_size_bytes', orders)).toBe(row?.size);
  expect(value(all, 'pg_stat_user_tables_index_size_bytes', orders)).toBe(row?.indexes);
  expect(value(all, 'pg_stat_user_tables_n_dead_tup', orders)).toBe(1500);
  expect(value(all, 'pg_stat_user_tables_n_live_tup', orders)).toBe(20_000);
  expect(value(all, 'pgdeck_table_vacuum_threshold_rows', orders)).toBeCloseTo(4050);
  expect(
    value(all, 'pg_stat_database_xact_commit', { datname: 'postgres', datid: String(row?.oid) }),
  ).toBeGreaterThan(5);
  expect(value(all, 'pg_settings_max_connections')).toBe(row?.most);
  expect(find(all, 'pgdeck_sessions').map(({ labels }) => labels.state)).toEqual([
    'active',
    'idle',
    'idle in transaction',
  ]);
  expect(value(all, 'pgdeck_sessions', { state: 'idle' })).toBe(1);
  expect(value(all, 'pgdeck_alerts', { check: 'lock_wait', severity: 'alert' })).toBe(2);
  expect(value(all, 'pgdeck_notifications_given_up_total')).toBe(3);
  expect(value(all, 'pgdeck_backup_verified_timestamp_seconds')).toBe(5);
  expect(value(all, 'pgdeck_backup_timestamp_seconds')).toBe(9);
  // this server has fsync off
  expect(find(all, 'pgdeck_findings').map(({ labels }) => labels.severity)).toEqual([...SEVERITIES]);
  expect(value(all, 'pgdeck_findings', { severity: 'critical' })).toBeGreaterThan(0);
  expect(find(all, 'pg_stat_replication_pg_wal_lsn_diff', { application_name: 'replica' })).toHaveLength(1);
  expect(value(all, 'pg_replication_slots_active', { slot_name: 'kept', database: '' })).toBe(0);
  expect(find(all, 'pg_stat_statements_calls_total', { datname: 'postgres' }).length).toBeGreaterThan(2);
});

test('each query of the manual draws something, on a primary or a standby', async () => {
  const queries = readFileSync(chapterFile('prometheus'), 'utf8').match(/^\|.*`.*\|$/gm) ?? [];
  const named = new Set(queries.join('\n').match(/\b(pg|pgdeck)_[a-z_]+/g));
  expect(named.size).toBeGreaterThan(40);
  const texts = await Promise.all([primary, standby].map((one) => scrape(one.target())));
  const there = new Set(texts.flatMap(({ text }) => scraped(text)).map(({ name }) => name));
  // nothing was archived here
  const missing = [...named].filter((name) => !there.has(name));
  expect(missing).toEqual(['pg_stat_archiver_last_archive_age']);
});

describe('what is not known is absent', () => {
  test('on a primary, what only a standby has; what was never done; what is not counted', async () => {
    const { text } = await scrape(primary.target());
    for (const name of [
      'pg_replication_lag_seconds',
      'pg_replication_last_replay_seconds',
      'pg_stat_archiver_last_archive_age',
      'pgdeck_archiver_failing',
      'pgdeck_database_checksum_failures_total',
      'pg_stat_database_blk_read_time',
      'pg_stat_user_tables_last_vacuum',
      'pg_stat_checkpointer_num_timed_total',
      'pg_replication_slots_safe_wal_size_bytes',
    ])
      expect(text).not.toContain(name);
  });

  test('what a role without rights does not see', async () => {
    await app.sql('CREATE ROLE nobody LOGIN');
    const all = scraped((await scrape({ ...primary.target(), user: 'nobody' })).text);
    const names = new Set(all.map(({ name }) => name));
    for (const hidden of [
      'pgdeck_sessions',
      'pgdeck_longest_query_seconds',
      'pgdeck_longest_transaction_seconds',
      'pgdeck_wal_directory_bytes',
      'pg_stat_replication_pg_wal_lsn_diff',
    ])
      expect(names).not.toContain(hidden);
    expect(value(all, 'pgdeck_connections')).toBeGreaterThan(0);
    expect(value(all, 'pg_up')).toBe(1);
  });

  test('while the server is away, or the sample is old: all but when it was, and what pgdeck itself does', async () => {
    const { scrape: fresh } = await scrape(primary.target());
    for (const change of [{ up: false }, { stale: true }]) {
      const all = scraped(await metricsText({ ...fresh, ...change }));
      expect(value(all, 'pg_up')).toBe(0);
      expect(value(all, 'pgdeck_stale')).toBe(1);
      expect(value(all, 'pgdeck_sample_timestamp_seconds')).toBe(1_700_000_000);
      expect(value(all, 'pgdeck_disk_free_bytes', { volume: 'data directory' })).toBe(40);
      expect(
        all.filter(({ name }) => /^pg_(?!up$)|^pgdeck_(health|findings|category|conn)/.test(name)),
      ).toEqual([]);
    }
    const nothing = { ...fresh, assessment: undefined, sampledAt: undefined, outside: undefined, up: false };
    const first = scraped(await metricsText({ ...nothing, alerts: [] }));
    expect(first.map(({ name }) => name)).toEqual([
      'pg_up',
      'pgdeck_stale',
      'pgdeck_notifications_pending',
      'pgdeck_notifications_sent_total',
      'pgdeck_notifications_given_up_total',
      'pgdeck_process_resident_memory_bytes',
      'pgdeck_process_cpu_seconds_total',
    ]);
  });
});

test('names that anybody can choose break no line, hide nothing, and stay two where they look alike', async () => {
  const names = [
    'a"} 1\npg_up 0',
    'back\\slash',
    'esc\u001b[31m',
    'look\u200balike',
    'look\u202ealike',
    'n,schemaname:x',
  ];
  for (const name of names) await app.sql(`CREATE TABLE "${name.replaceAll('"', '""')}" (a int)`);
  const { text } = await scrape(primary.target());
  const made = new Set(
    find(scraped(text), 'pg_stat_user_tables_seq_scan').map(({ labels }) => labels.relname),
  );
  expect(made.size).toBe(1 + names.length);
  expect(made).toContain('back\\slash');
  expect(made).toContain('n,schemaname:x');
  expect(text).not.toContain('\u001b');
  expect(value(scraped(text), 'pg_up')).toBe(1);
  for (const name of names) await app.sql(`DROP TABLE "${name.replaceAll('"', '""')}"`);
});

/** A sample of given rows, for what takes more databases than a test can make. */
function given(...rows: readonly (readonly [AnyPoll, readonly unknown[]])[]): Scrape {
  const read = new Map(rows);
  const part = <Row>(poll: Poll<Row>): Part<Row> => ({
    ...{ status: 'ok', at: 0, ms: 1 },
    rows: (read.get(poll as AnyPoll) ?? []) as readonly Row[],
  });
  return {
    figures: new Figures({ part, server: SERVER }),
    ...{ server: 'here', assessment: undefined, sampledAt: 1, up: true, stale: false, alerts: [] },
    notifications: { pending: 0, sent: 0, givenUp: 0 },
  };
}

test('of many databases the busiest have series, and how many are left out is said', async () => {
  const many = Array.from({ length: 130 }, (_, i) => ({
    ...{ datid: i, datname: `db${i}`, xact_commit: i, xact_rollback: 0, numbackends: 1, server_ms: 1 },
    stats_reset: null,
  }));
  const all = scraped(await metricsText(given([databasePoll as AnyPoll, many])));
  expect(find(all, 'pg_stat_database_numbackends')).toHaveLength(100);
  expect(value(all, 'pg_stat_database_xact_commit', { datname: 'db129' })).toBe(129);
  expect(find(all, 'pg_stat_database_xact_commit', { datname: 'db29' })).toEqual([]);
  expect(value(all, 'pgdeck_databases_left_out')).toBe(30);
});

test('of two standbys that call themselves alike the one that is further behind is told', async () => {
  const one = { application_name: 'walreceiver', client_addr: 'local', state: 'streaming', slot_name: null };
  const rows = [10, 500, 20].map((total_lag_bytes, pid) => ({
    ...one,
    pid,
    total_lag_bytes,
    replay_lsn_bytes: 1,
  }));
  const text = await metricsText(given([sendersPoll as AnyPoll, rows]));
  expect(find(scraped(text), 'pg_stat_replication_pg_wal_lsn_diff').map((one) => one.value)).toEqual([500]);
});

test('names that are not ours are those of postgres_exporter, with its types and labels', () => {
  const theirs = METRICS.filter(({ name }) => !name.startsWith('pgdeck_'));
  expect(theirs.map(({ name }) => name).sort()).toEqual([...POSTGRES_EXPORTER.keys()].sort());
  for (const { name, type, labels } of theirs) {
    const there = POSTGRES_EXPORTER.get(name);
    // series that would be others after each reconnection, and for each role
    const without = name.startsWith('pg_stat_replication') ? 'pid' : 'user';
    expect([name, type, ...[...labels].sort()]).toEqual([
      ...[name, there?.type],
      ...(there?.labels ?? []).filter((one) => one !== without).sort(),
    ]);
  }
});

test('the check of the form finds what is planted', () => {
  const good = '# HELP a_total x\n# TYPE a_total counter\na_total{b="c",d="e"} 1\n';
  expect(faultsOf(good)).toEqual([]);
  const name = (other: string) => good.replaceAll('a_total', other);
  for (const bad of [
    `${good}${good}`,
    `${good}a_total{d="e",b="c"} 1\n`,
    good.replace('} 1', '} Nan'),
    good.replace('} 1', '} +Inf'),
    good.replace('"c"', '"c\u0022d"'),
    good.replace('d=', 'b='),
    good.replace('d=', 'le='),
    ...['a', 'a_ms_total', 'a_milliseconds_total', 'a_minutes_total', 'a_counter_total', 'aB_total'].map(
      name,
    ),
    name('a_count').replace('counter', 'gauge'),
    good.replace('counter', 'gauge'),
    good.replace('counter', 'summary'),
    good.replace('# HELP a_total x\n', ''),
    good.replace('# TYPE a_total counter\n', ''),
    good.trimEnd(),
    `${good}other 1\n`,
  ])
    expect(faultsOf(bad), bad).not.toEqual([]);
});
