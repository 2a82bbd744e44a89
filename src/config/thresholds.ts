import { z } from 'zod';

export type Unit = '%' | 's' | 'ms' | 'bytes' | 'ratio' | 'days' | 'count' | '/h';

/** Three points on a scale: below `normal` nothing is wrong, from `critical` on everything is. */
export interface Levels {
  readonly normal: number;
  readonly alert: number;
  readonly critical: number;
}

interface LevelsSpec {
  readonly kind: 'levels';
  readonly title: string;
  readonly unit: Unit;
  /** Which direction is worse; decides the order that the three numbers must have. */
  readonly worse: 'higher' | 'lower';
  readonly defaults: Levels;
}

interface LimitSpec {
  readonly kind: 'limit';
  readonly title: string;
  readonly unit: Unit;
  readonly default: number;
}

export type ThresholdSpec = LevelsSpec | LimitSpec;

function levels(
  title: string,
  unit: Unit,
  normal: number,
  alert: number,
  critical: number,
): Readonly<LevelsSpec> {
  const worse = normal < critical ? 'higher' : 'lower';
  return { kind: 'levels', title, unit, worse, defaults: { normal, alert, critical } };
}

function limit(title: string, unit: Unit, value: number): Readonly<LimitSpec> {
  return { kind: 'limit', title, unit, default: value };
}

/**
 * Every number that decides what is coloured, counted or listed: the only list of them. The settings
 * schema, the defaults and the help are read from it.
 */
export const THRESHOLDS = {
  connections_percent: levels('Connections in use, of those not reserved', '%', 80, 90, 98),
  disk_percent: levels('Disk in use', '%', 70, 85, 95),
  lock_wait_seconds: levels('Longest wait for a lock', 's', 1, 5, 60),
  replication_lag_seconds: levels('Largest replication lag', 's', 1, 10, 300),
  cache_hit_percent: levels('Cache hit ratio', '%', 99, 95, 80),
  long_query_seconds: levels('Longest running query', 's', 60, 300, 1800),
  wraparound_ratio: levels(
    'Age of the oldest transaction id, of autovacuum_freeze_max_age',
    'ratio',
    1.05,
    2,
    7,
  ),
  idle_in_transaction_seconds: levels('Longest idle in transaction', 's', 60, 600, 3600),
  dead_ratio: levels("Dead rows, of the table's autovacuum threshold", 'ratio', 1.5, 5, 20),
  rollback_percent: levels('Transactions rolled back', '%', 2, 10, 50),
  log_errors_per_hour: levels("Errors in the server's log", '/h', 100, 1000, 10_000),
  requested_checkpoints_percent: levels('Checkpoints requested before their time', '%', 30, 60, 95),
  slow_statements_per_hour: levels('Calls of slow statements per hour', '/h', 10, 50, 500),
  index_faults: levels('Indexes that are invalid, or big and unused', 'count', 0, 3, 20),
  sequence_percent: levels('Values of a sequence that are used up', '%', 50, 80, 95),
  slow_query_ms: limit("A statement in the server's log counts as slow from", 'ms', 1000),
  slow_statement_ms: limit('A statement counts as slow at a mean time of', 'ms', 100),
  idle_session_seconds: limit('A session counts as idle for long after', 's', 600),
  table_size_bytes: limit('A table counts as large from', 'bytes', 1024 ** 3),
  unused_index_days: limit('An unused index is a finding after statistics of', 'days', 7),
  backup_age_days: levels('Age of the newest backup', 'days', 1.25, 3, 7),
  remote_age_days: levels('Age of the newest copy elsewhere', 'days', 1.25, 3, 7),
  backup_proven_days: limit('A backup must have been restored for proof within', 'days', 30),
  password_expiry_days: limit('A password is a finding this long before it ends', 'days', 14),
  index_usage_ratio: limit('An index counts as little used below this share of scans', 'ratio', 0.1),
} as const satisfies Record<string, ThresholdSpec>;

type Specs = typeof THRESHOLDS;
export type ThresholdId = keyof Specs;
/** The thresholds that have three levels. */
export type LevelsId = { [Id in ThresholdId]: Specs[Id]['kind'] extends 'levels' ? Id : never }[ThresholdId];

/** Those that have one. */
export type LimitId = Exclude<ThresholdId, LevelsId>;

/** All thresholds, complete. */
export type Thresholds = {
  readonly [Id in ThresholdId]: Id extends LevelsId ? Levels : number;
};

/** What the settings file says of them: any subset; of three levels, any. */
export type ThresholdOverrides = {
  readonly [Id in ThresholdId]?: (Id extends LevelsId ? Partial<Levels> : number) | undefined;
};

export const THRESHOLD_IDS = Object.keys(THRESHOLDS) as ThresholdId[];

function numberOf(unit: Unit): z.ZodType<number> {
  return unit === '%' ? z.number().min(0).max(100) : z.number().min(0);
}

function shapeOf(spec: ThresholdSpec): z.ZodType {
  const value = numberOf(spec.unit);
  if (spec.kind === 'limit') return value.optional();
  return z
    .strictObject({ normal: value.optional(), alert: value.optional(), critical: value.optional() })
    .optional();
}

/** Overrides as they stand in the settings file. The order of the levels is checked by {@link misordered}. */
export const thresholdOverridesSchema = z.strictObject(
  Object.fromEntries(THRESHOLD_IDS.map((id) => [id, shapeOf(THRESHOLDS[id])])),
) as unknown as z.ZodType<ThresholdOverrides>;

/** The defaults with the overrides laid over them, the later ones on top. */
export function mergeThresholds(...overrides: (ThresholdOverrides | undefined)[]): Thresholds {
  const merged = THRESHOLD_IDS.map((id) => {
    const spec: ThresholdSpec = THRESHOLDS[id];
    const given = overrides.map((one) => one?.[id]).filter((value) => value !== undefined);
    if (spec.kind === 'limit') return [id, given.at(-1) ?? spec.default];
    return [id, Object.assign({ ...spec.defaults }, ...given)];
  });
  return Object.freeze(Object.fromEntries(merged)) as Thresholds;
}

/** Thresholds whose three levels are not in their order, each with the sentence that says so. */
export function misordered(thresholds: Thresholds): { id: LevelsId; message: string }[] {
  return THRESHOLD_IDS.flatMap((id) => {
    const spec: ThresholdSpec = THRESHOLDS[id];
    if (spec.kind !== 'levels') return [];
    const { normal, alert, critical } = thresholds[id as LevelsId];
    const sign = spec.worse === 'higher' ? 1 : -1;
    if (sign * normal <= sign * alert && sign * alert <= sign * critical) return [];
    const order = spec.worse === 'higher' ? 'normal <= alert <= critical' : 'normal >= alert >= critical';
    return [{ id: id as LevelsId, message: `expected ${order}, got ${normal}, ${alert}, ${critical}` }];
  });
}
