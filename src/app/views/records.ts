import type { DatabaseVitals } from '../../monitor/derived/vitals.ts';
import type { RowsOf } from '../../monitor/polls.ts';
import type { Model } from '../core/model.ts';
import type { ViewId } from '../core/rows.ts';
import type { IndexRow } from './indexes.ts';
import { type LockEntry, lockForest } from './locks.ts';
import { VIEWS } from './registry.ts';
import { type StatementRow, textsRefused, textsUnknown } from './statements.ts';
import { deadRatio, type TableRow } from './tables.ts';

/** A row as it stands in JSON and CSV: PostgreSQL's names, plain numbers with their unit in the name, null for unknown. */
export type ViewRecord = Readonly<Record<string, unknown>>;

/** The views that can be asked by name, and more than rows where there is more to say. */
export const SHOWN: Readonly<Record<string, { view: ViewId; extra?: (model: Model) => ViewRecord }>> = {
  activity: { view: 'activity' },
  locks: { view: 'locks', extra: (model) => ({ waiters: lockForest(model).forest.waiters }) },
  database: { view: 'database' },
  tables: { view: 'tables' },
  indexes: {
    view: 'indexes',
    extra: (model) => ({ statistics_since: model.rows('indexCounts')[0]?.stats_since ?? null }),
  },
  statements: {
    view: 'statements',
    extra: (model) => ({ texts_unknown: textsUnknown(model), texts_reason: textsRefused(model) ?? null }),
  },
  replication: {
    view: 'replication',
    extra: (model) => ({
      slots: model.rows('slots'),
      standby: model.rows('standby')[0] ?? null,
      receiver: model.rows('receiver')[0] ?? null,
    }),
  },
  slots: { view: 'slots' },
  wal: { view: 'wal' },
  progress: { view: 'progress' },
};

/** Whether a view is one record, whose rows are its parts. */
export function isOneRecord(id: ViewId): boolean {
  return id === 'wal';
}

/** The rows of a view for scripts, in the given order; one record for the write-ahead log. */
export function recordsOf(id: ViewId, rows: readonly unknown[], model: Model): readonly ViewRecord[] {
  switch (id) {
    case 'activity':
      return (rows as RowsOf['activity'][]).map(({ matching: _, ...row }) => row);
    case 'locks':
      return (rows as LockEntry[]).map(lockRecord);
    case 'database':
      return (rows as DatabaseVitals[]).map(databaseRecord);
    case 'tables':
      return (rows as TableRow[]).map((row) => tableRecord(row, model));
    case 'indexes':
      return (rows as IndexRow[]).map(({ is_unique, is_primary, early: _, ...row }) => ({
        ...row,
        indisunique: is_unique,
        indisprimary: is_primary,
        finding: row.finding || null,
      }));
    case 'statements':
      return (rows as StatementRow[]).map(statementRecord);
    case 'replication':
      return (rows as RowsOf['senders'][]).map((row) => ({
        ...row,
        lag_seconds: model.lag.of(row)?.seconds ?? null,
      }));
    case 'wal':
      return [walRecord(model)];
    default:
      return rows as ViewRecord[];
  }
}

function lockRecord({ row, line, frees }: LockEntry): ViewRecord {
  return {
    ...row,
    root_pid: line.node.rootPid,
    parent_pid: line.node.parentPid,
    depth: line.depth,
    frees,
  };
}

function databaseRecord({ row, ...lately }: DatabaseVitals): ViewRecord {
  const blocks = (row.blks_hit ?? 0) + (row.blks_read ?? 0);
  return {
    ...row,
    /** Of all blocks since stats_reset. */
    cache_hit_ratio: blocks > 0 ? (row.blks_hit ?? 0) / blocks : null,
    /** Of the last 60 s, when there were two samples and enough blocks. */
    recent_cache_hit_ratio: lately.hitRatio,
    transactions_per_second: lately.tps,
    reads_per_second: lately.readsPerSecond,
    read_ms: lately.msPerRead,
    rollback_ratio: lately.rollbackRatio,
    temp_bytes_per_second: lately.tempBytesPerSecond,
  };
}

function tableRecord({ stats, oid, exact, ...row }: TableRow, model: Model): ViewRecord {
  return {
    relid: oid,
    ...row,
    total_bytes_exact: exact,
    seq_scan: null,
    idx_scan: null,
    n_live_tup: null,
    n_dead_tup: null,
    ...stats,
    dead_ratio: deadRatio({ stats, oid, exact, ...row }, model),
  };
}

function statementRecord({ row: { entries: _, ...row }, query, rate, share }: StatementRow): ViewRecord {
  return {
    ...row,
    exec_time_ratio: share,
    calls_per_second: rate?.callsPerSecond ?? null,
    exec_ms_per_second: rate?.execMsPerSecond ?? null,
    query,
  };
}

function walRecord(model: Model): ViewRecord {
  const { server_ms: _ms, ...position } = model.rows('walPosition')[0] ?? { server_ms: 0, lsn_bytes: null };
  const directory = model.rows('walDirectory')[0];
  return {
    ...position,
    wal_bytes_per_second: model.vitals.walBytesPerSecond,
    wal_directory_bytes: directory?.total_bytes ?? null,
    wal_directory_files: directory?.files ?? null,
    wal: model.rows('walStats')[0] ?? null,
    checkpoints: model.rows('checkpoints')[0] ?? null,
    archiver: model.rows('archiver')[0] ?? null,
    prepared_transactions: model.rows('prepared'),
  };
}

/** Parts that a shown view needs, with those its records draw on. */
export function shownParts(id: ViewId): readonly (typeof VIEWS)[ViewId]['parts'][number][] {
  const own = VIEWS[id].parts;
  return id === 'replication' ? [...own, 'slots'] : own;
}
