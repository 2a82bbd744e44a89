import { afterAll, beforeAll, expect, test } from 'vitest';
import { THRESHOLD_IDS, THRESHOLDS, type ThresholdId } from '../../../src/config/thresholds.ts';
import { activityPoll, summaryPoll } from '../../../src/db/queries/activity.ts';
import { databaseEstimatePoll, databasePoll } from '../../../src/db/queries/database.ts';
import {
  indexInvalidRarePoll,
  indexSharePoll,
  indexUnusedRarePoll,
} from '../../../src/db/queries/indexes.ts';
import { locksPoll } from '../../../src/db/queries/locks.ts';
import { autovacuumPoll, maintainDuePoll } from '../../../src/db/queries/maintain/due.ts';
import { tableSizesRarePoll } from '../../../src/db/queries/relations.ts';
import { sendersPoll, standbyPoll } from '../../../src/db/queries/replication.ts';
import { roleExpiryPoll } from '../../../src/db/queries/roles.ts';
import { sequenceUsePoll } from '../../../src/db/queries/sequences.ts';
import { statementsPoll } from '../../../src/db/queries/statements.ts';
import { checkpointsPoll, walPositionPoll } from '../../../src/db/queries/wal.ts';
import { databaseAgesPoll } from '../../../src/db/queries/wraparound.ts';
import type { Outside } from '../../../src/health/outside.ts';
import { CHECKS } from '../../../src/health/registry.ts';
import type { LogEntry } from '../../../src/log/entry.ts';
import { Tally } from '../../../src/log/tally.ts';
import { text } from '../../app/screen/frame.ts';
import { Stage } from '../../app/stage.ts';
import { assessed, type Rows, rowsOf } from '../../health/facts.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';

const GB = 1024 ** 3;
const DAY = 86_400;
const NOW = Date.UTC(2026, 0, 2);
const SECONDS = 600;

const TABLE = { schema: 'public', name: 'orders', may: true, rows: 1e6 } as const;
const OUTSIDE: Outside = {
  now: NOW,
  backups: {
    known: [{ id: 'b1', madeAt: NOW - 2 * DAY * 1000, verifiedAt: NOW, provenAt: NOW - 2 * DAY * 1000 }],
  },
  remote: { known: { place: 's3://b', copies: [{ id: 'b0', madeAt: NOW - 2 * DAY * 1000 }] } },
  jobs: { known: [] },
  drift: { known: null },
  volumes: { known: [{ name: 'data directory', totalBytes: 100 * GB, freeBytes: 50 * GB }] },
  memory: { known: 16 * GB },
  log: { unknown: 'replaced below' },
};

/** A moment at which every figure is above nothing and below everything. */
function reading(at: number): Rows {
  const server_ms = at * 1000;
  const done = at / SECONDS;
  return [
    rowsOf(walPositionPoll, { lsn_bytes: GB + 9 * GB * done, standby: false, server_ms }),
    rowsOf(summaryPoll, {
      clients: 40,
      max_connections: 103,
      reserved_connections: 3,
      idle: null,
      server_ms,
    }),
    rowsOf(databaseEstimatePoll, { tables: 1 }),
    rowsOf(databasePoll, {
      datid: 5,
      datname: 'shop',
      xact_commit: 6000 * done,
      xact_rollback: 600 * done,
      blks_hit: 50_000 * done,
      blks_read: 50_000 * done,
      blk_read_time: 1e6 * done,
      server_ms,
    }),
    rowsOf(locksPoll, { wait_seconds: 3, n_blockers: 1, relation: 'orders', mode: 'ShareLock' }),
    rowsOf(standbyPoll, { standby: false }),
    rowsOf(sendersPoll, { application_name: 's', replay_lsn_bytes: GB, total_lag_bytes: 9 * GB }),
    rowsOf(
      activityPoll,
      { pid: 1, state: 'active', backend_type: 'client backend', query_seconds: 100 },
      { pid: 2, state: 'idle in transaction', state_seconds: 100 },
    ),
    rowsOf(databaseAgesPoll, {
      ...{ datname: 'shop', connectable: true, xid_age: 1e8, mxid_age: 1 },
      ...{ freeze_limit: 2e8, multixact_limit: 4e8 },
    }),
    rowsOf(checkpointsPoll, { num_timed: 4 * done, num_requested: 6 * done, server_ms }),
    rowsOf(autovacuumPoll, { autovacuum: true, track_counts: true, stats_seconds: 3 * DAY }),
    rowsOf(maintainDuePoll, {
      ...TABLE,
      dirty: true,
      enabled: true,
      dead: 5e5,
      vacuum_at: 2e5,
      lost_tables: 0,
    }),
    rowsOf(sequenceUsePoll, {
      ...{ schemaname: 'public', relname: 'ids', used: 0.4, value: 400, last: 1000 },
      ...{ readable: true, ascending: true },
    }),
    rowsOf(statementsPoll, {
      ...{ userid: 1, dbid: 5, queryid: '1', toplevel: true, rows: 1, entries: 1 },
      ...{ calls: 20 * done, total_exec_ms: 4000 * done },
    }),
    rowsOf(indexInvalidRarePoll, {
      ...{ schemaname: 'public', relname: 'orders', indexrelname: 'broken', est_bytes: 1, building: false },
    }),
    rowsOf(indexUnusedRarePoll, {
      ...{ schemaname: 'public', relname: 'orders', indexrelname: 'idle', est_bytes: GB },
      ...{ supports_fk: false, has_expressions: false },
    }),
    rowsOf(indexSharePoll, {
      ...{ schemaname: 'public', relname: 'orders', n_live_tup: 1e6 },
      ...{ seq_scan: 50, idx_scan: 50, seq_tup_read: 1e6 },
    }),
    rowsOf(tableSizesRarePoll, {
      ...{ schemaname: 'public', relname: 'orders', est_total_bytes: GB / 2, est_heap_bytes: GB / 4 },
      ...{ est_index_bytes: 1, est_rows: 1e6, sized: true },
    }),
    rowsOf(roleExpiryPoll, { role: 'app', until: '2026-01-30', left_seconds: 20 * DAY }),
  ];
}

/** Twenty statements of two seconds and twenty errors, counted as the log is. */
function logOf(slowMs: number): Outside['log'] {
  const tally = new Tally(slowMs);
  for (let n = 0; n < 40; n++) {
    const failed = n % 2 === 0;
    const entry: Partial<LogEntry> = {
      at: NOW - 1000,
      severity: failed ? 'error' : 'log',
      sqlstate: failed ? '23505' : '00000',
      message: failed ? 'duplicate key' : 'duration: 2000.000 ms  statement: SELECT 1',
    };
    tally.add(entry as LogEntry);
  }
  return { known: tally.fact(NOW - 3_600_000, NOW, { source: 'the log', slowFrom: 0 }) };
}

/** What all checks say with one threshold where everything, or nothing, is beyond it. */
function judged(id: ThresholdId, value: number) {
  const levels = THRESHOLDS[id].kind === 'levels';
  const { findings, categories } = assessed(CHECKS, [reading(0), reading(SECONDS)], {
    server: { version: '17.99', versionNum: 170_099 },
    thresholds: { [id]: levels ? { normal: value, alert: value, critical: value } : value },
    outside: { ...OUTSIDE, log: logOf(id === 'slow_query_ms' ? value : THRESHOLDS.slow_query_ms.default) },
  });
  return { findings: findings.map(({ id: of, severity }) => `${severity} ${of}`), categories };
}

test.each(THRESHOLD_IDS.filter((id) => id !== 'idle_session_seconds'))(
  '%s decides what a check finds',
  (id) => {
    const [none, all] = [0, Number.MAX_SAFE_INTEGER].map((value) => judged(id, value));
    expect(none).not.toEqual(all);
    expect(none?.findings).not.toEqual(all?.findings);
  },
);

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await (await client(db.target(), 'waits')).sql('SELECT 1');
});
afterAll(() => db.drop());

test('idle_session_seconds decides whom Activity counts as idle for long', async () => {
  for (const [seconds, counts] of [
    [0, true],
    [1e6, false],
  ] as const) {
    const stage = new Stage(db.target(), { thresholds: { idle_session_seconds: seconds } });
    try {
      await stage.start();
      stage.keys('2');
      const { model } = stage.deck;
      await stage.seconds(() => model.rows(summaryPoll)[0]?.idle, 'the sessions are counted');
      expect(/[1-9]\d* idle over 0/.test(text(stage))).toBe(counts);
    } finally {
      await stage.stop();
    }
  }
});
