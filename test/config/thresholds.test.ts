import { describe, expect, test } from 'vitest';
import {
  type Levels,
  mergeThresholds,
  misordered,
  THRESHOLD_IDS,
  THRESHOLDS,
  type ThresholdSpec,
  thresholdOverridesSchema,
} from '../../src/config/thresholds.ts';

test('the defaults are the published ones', () => {
  const levels = (normal: number, alert: number, critical: number) => ({ normal, alert, critical });
  expect(mergeThresholds()).toEqual({
    connections_percent: levels(80, 90, 98),
    disk_percent: levels(70, 85, 95),
    lock_wait_seconds: levels(1, 5, 60),
    replication_lag_seconds: levels(1, 10, 300),
    cache_hit_percent: levels(99, 95, 80),
    long_query_seconds: levels(60, 300, 1800),
    wraparound_ratio: levels(1.05, 2, 7),
    idle_in_transaction_seconds: levels(60, 600, 3600),
    dead_ratio: levels(1.5, 5, 20),
    rollback_percent: levels(2, 10, 50),
    log_errors_per_hour: levels(100, 1000, 10_000),
    requested_checkpoints_percent: levels(30, 60, 95),
    slow_statements_per_hour: levels(10, 50, 500),
    index_faults: levels(0, 3, 20),
    sequence_percent: levels(50, 80, 95),
    slow_query_ms: 1000,
    unused_index_days: 7,
    slow_statement_ms: 100,
    idle_session_seconds: 600,
    table_size_bytes: 1_073_741_824,
    index_usage_ratio: 0.1,
    backup_age_days: levels(1.25, 3, 7),
    remote_age_days: levels(1.25, 3, 7),
    backup_proven_days: 30,
    password_expiry_days: 14,
  });
});

test('the defaults satisfy their own rules', () => {
  expect(misordered(mergeThresholds())).toEqual([]);
  expect(thresholdOverridesSchema.safeParse(mergeThresholds()).success).toBe(true);
});

describe.each(THRESHOLD_IDS)('%s', (id) => {
  const spec: ThresholdSpec = THRESHOLDS[id];

  test('can be overridden and has a title', () => {
    expect(spec.title).not.toBe('');
    const value = spec.kind === 'limit' ? 1 : { critical: spec.defaults.critical };
    expect(thresholdOverridesSchema.parse({ [id]: value })).toEqual({ [id]: value });
    expect(thresholdOverridesSchema.safeParse({ [id]: -1 }).success).toBe(false);
    expect(thresholdOverridesSchema.safeParse({ [id]: { warning: 1 } }).success).toBe(false);
  });
});

test.each(THRESHOLD_IDS.filter((id) => THRESHOLDS[id].kind === 'levels'))('%s must keep its order', (id) => {
  const { normal, critical } = mergeThresholds()[id] as Levels;
  expect(misordered(mergeThresholds({ [id]: { normal: critical, critical: normal } }))).toEqual([
    { id, message: expect.stringMatching(/^expected normal [<>]= alert [<>]= critical, got /) },
  ]);
});
