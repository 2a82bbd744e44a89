import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { activityPoll, summaryPoll } from '../../src/db/queries/activity.ts';
import { databasePoll } from '../../src/db/queries/database.ts';
import { locksPoll } from '../../src/db/queries/locks.ts';
import { sendersPoll, standbyPoll } from '../../src/db/queries/replication.ts';
import { checkpointsPoll, walPositionPoll } from '../../src/db/queries/wal.ts';
import { databaseAgesPoll } from '../../src/db/queries/wraparound.ts';
import type { Assessment } from '../../src/health/assess.ts';
import { CATEGORIES, CATEGORY_IDS, type CategoryId } from '../../src/health/categories.ts';
import { type Check, defineCheck } from '../../src/health/check.ts';
import { cacheHit } from '../../src/health/checks/cache-hit.ts';
import { checkpoints } from '../../src/health/checks/checkpoints.ts';
import { connections } from '../../src/health/checks/connections.ts';
import { disk } from '../../src/health/checks/disk.ts';
import { idleInTransaction } from '../../src/health/checks/idle-in-transaction.ts';
import { lockWait } from '../../src/health/checks/lock-wait.ts';
import { longQuery } from '../../src/health/checks/long-query.ts';
import { replicationLag } from '../../src/health/checks/replication-lag.ts';
import { rollbacks } from '../../src/health/checks/rollbacks.ts';
import { xidAge } from '../../src/health/checks/xid-age.ts';
import { deduction, scoreOf } from '../../src/health/score.ts';
import { type TestDatabase, testDatabase } from '../support/cluster.ts';
import { assessed, type Rows, rowsOf } from './facts.ts';
import { lookAt } from './stage.ts';

describe('what a figure costs', () => {
  const levels = { normal: 80, alert: 90, critical: 98 };
  test.each([
    [0, 0],
    [80, 0],
    [85, 0.3],
    [90, 0.6],
    [94, 0.8],
    [98, 1],
    [100, 1],
  ])('%d costs %d of the weight', (value, share) => {
    expect(deduction({ value, unit: '%', levels })).toBeCloseTo(share);
  });

  test('also where less is worse, and where there is no way from one level to the next', () => {
    const cache = { normal: 99, alert: 95, critical: 80 };
    const share = (value: number) => deduction({ value, unit: '%', levels: cache });
    expect([100, 99, 97, 95, 87.5, 80, 0].map(share)).toEqual([0, 0, 0.3, 0.6, 0.8, 1, 1]);
    const steep = { normal: 0, alert: 0, critical: 0 };
    expect([0, 1].map((value) => deduction({ value, unit: 's', levels: steep }))).toEqual([0, 1]);
  });
});

test('what was not measured is in neither side of the sum, and without anything there is no number', () => {
  const weighed = [
    { weight: 40, deduction: 0.5 },
    { weight: 60, deduction: undefined },
  ];
  expect(scoreOf(weighed, [])).toEqual({ score: 50, coverage: 40 });
  expect(scoreOf(weighed, [30, 79])).toEqual({ score: 30, coverage: 40 });
  expect(scoreOf([{ weight: 60, deduction: undefined }], [10])).toEqual({ score: null, coverage: 0 });
});

test('the weights are 100 together', () => {
  expect(CATEGORY_IDS.reduce((sum, id) => sum + CATEGORIES[id].weight, 0)).toBe(100);
});

/** Figures of a server, as far as they are not well. */
interface Figures {
  readonly connections?: number;
  readonly disk?: number;
  readonly waits?: readonly number[];
  readonly lag?: number;
  readonly hit?: number;
  readonly query?: number;
  readonly xids?: number;
  readonly idle?: number;
  readonly requested?: number;
  readonly rolledBack?: number;
  /** Of categories that are measured here by nothing but a figure. */
  readonly other?: Partial<Record<CategoryId, number>>;
}

const GB = 1024 ** 3;
const SECONDS = 600;

/** What is read at a moment of ten minutes. */
function reading(at: number, figures: Figures): Rows {
  const { connections: clients = 40, waits = [], lag, hit = 99.9, query = 2, xids = 1e8, idle = 1 } = figures;
  const { requested = 0, rolledBack = 0.5 } = figures;
  const done = at / SECONDS;
  const server_ms = at * 1000;
  const behind = { application_name: 's', replay_lsn_bytes: 1.5 * GB, total_lag_bytes: 8.5 * GB };
  return [
    rowsOf(walPositionPoll, { lsn_bytes: GB + 9 * GB * done, standby: false, server_ms }),
    rowsOf(summaryPoll, { clients, max_connections: 103, reserved_connections: 3, idle: null, server_ms }),
    rowsOf(databasePoll, {
      datid: 5,
      datname: 'shop',
      xact_commit: (6000 - 60 * rolledBack) * done,
      xact_rollback: 60 * rolledBack * done,
      blks_hit: 10_000 * hit * done,
      blks_read: 10_000 * (100 - hit) * done,
      blk_read_time: 20_000 * (100 - hit) * done,
      server_ms,
    }),
    rowsOf(
      locksPoll,
      ...waits.map((wait_seconds) => ({
        wait_seconds,
        n_blockers: 1,
        relation: 'orders',
        mode: 'ShareLock',
      })),
    ),
    rowsOf(standbyPoll, { standby: false }),
    rowsOf(sendersPoll, ...(lag === undefined ? [] : [behind])),
    rowsOf(
      activityPoll,
      { pid: 1, state: 'active', backend_type: 'client backend', query_seconds: query },
      { pid: 2, state: 'idle in transaction', state_seconds: idle },
    ),
    rowsOf(databaseAgesPoll, {
      datname: 'shop',
      xid_age: xids,
      mxid_age: 1,
      connectable: true,
      freeze_limit: 2e8,
      multixact_limit: 4e8,
    }),
    rowsOf(checkpointsPoll, { num_timed: 4 * done, num_requested: requested * done, server_ms }),
  ];
}

const OTHER_LEVELS: Partial<Record<CategoryId, readonly [number, number, number]>> = {
  vacuum: [1.5, 5, 20],
  statements: [10, 50, 500],
  indexes: [0, 3, 20],
};

/** A check that says what the figure of its category is. */
function figureOf(category: CategoryId, value: number): Check {
  const [normal, alert, critical] = OTHER_LEVELS[category] ?? [0, 0, 0];
  const measure = { value, unit: 'ratio', levels: { normal, alert, critical } } as const;
  const { measuredBy: id = category } = CATEGORIES[category];
  return defineCheck({ id, title: category, category, fix: '', reads: [], judge: () => ({ measure }) });
}

function judged(figures: Figures): Assessment {
  const { lag = 0, disk: full = 40, other = {} } = figures;
  const checks = [
    ...[connections, disk, lockWait, replicationLag, cacheHit, longQuery, xidAge, idleInTransaction],
    ...[checkpoints, rollbacks],
    ...(['vacuum', 'statements', 'indexes'] as const).map((id) => figureOf(id, other[id] ?? 0)),
  ];
  const moments = [0, SECONDS - lag, SECONDS];
  const volumes = { known: [{ name: 'data directory', totalBytes: 100 * GB, freeBytes: (100 - full) * GB }] };
  return assessed(
    checks,
    moments.map((at) => reading(at, figures)),
    { outside: { volumes } },
  );
}

const ALERT: Figures = {
  connections: 90,
  disk: 85,
  waits: [5],
  lag: 10,
  hit: 95,
  query: 300,
  xids: 4e8,
  idle: 600,
  requested: 6,
  rolledBack: 10,
  other: { vacuum: 5, statements: 50, indexes: 3 },
};

describe('the score of a server', () => {
  test.each<[string, number, Figures]>([
    ['with all normal', 100, {}],
    ['with 85 % of the connections', 96, { connections: 85 }],
    ['with 91 % of the connections', 79, { connections: 91 }],
    ['with 98 % of the connections', 40, { connections: 98 }],
    ['with a standby that lags for 30 s', 79, { lag: 30 }],
    ['in a storm of locks', 59, { waits: Array.from({ length: 10 }, () => 61) }],
    ['with five mild warnings', 87, { connections: 85, waits: [3], lag: 5.5, query: 180, rolledBack: 6 }],
    ['with everything at alert', 40, ALERT],
    ['with a full disk', 30, { disk: 95 }],
    ['near wraparound', 10, { xids: 1.7e9 }],
  ])('%s is %d', (_, score, figures) => {
    expect(judged(figures)).toMatchObject({ score, coverage: 100, unknown: [] });
  });

  test('with everything at alert, every category is, and what it costs is the same share of each', () => {
    const { categories, findings } = judged(ALERT);
    const scored = categories.filter(({ weight }) => weight > 0);
    expect(scored.map((one) => one.score)).toEqual(scored.map(() => 40));
    expect(findings.map(({ severity }) => severity)).toEqual(findings.map(() => 'alert'));
    expect(findings).toHaveLength(10);
  });
});

describe('a role without rights', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await testDatabase();
  });
  afterAll(() => db.drop());

  test('sees too little for a verdict, and is told of each what would change that', async () => {
    const { score, coverage, unknown, findings } = await lookAt(db.target(await db.roleWith()));
    expect(coverage).toBeLessThan(60);
    expect(score).not.toBeNull();
    // the server of the tests has fsync off
    expect(
      findings.filter(({ severity, check }) => severity === 'critical' && check !== 'setting_unsafe'),
    ).toEqual([]);
    for (const one of unknown) expect(one.reason).toMatch(/\S\.$|not told/);
    const grants = unknown.flatMap(({ remedy }) => (remedy?.startsWith('GRANT') ? [remedy] : []));
    expect(grants.length).toBeGreaterThan(0);
  });
});
