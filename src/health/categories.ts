/**
 * What a server is judged by, with the weight of each in the score (100 together). The check of the same line measures
 * it; other checks of the category only find.
 */
export const CATEGORIES = {
  connections: { title: 'Connections', weight: 12, measuredBy: 'connections' },
  disk: { title: 'Disk', weight: 12, measuredBy: 'disk' },
  locks: { title: 'Locks', weight: 10, measuredBy: 'lock_wait' },
  replication: { title: 'Replication', weight: 10, measuredBy: 'replication_lag' },
  cache: { title: 'Cache', weight: 8, measuredBy: 'cache_hit' },
  queries: { title: 'Long queries', weight: 8, measuredBy: 'long_query' },
  wraparound: { title: 'Wraparound', weight: 8, measuredBy: 'xid_age' },
  transactions: { title: 'Idle in transaction', weight: 7, measuredBy: 'idle_in_transaction' },
  vacuum: { title: 'Vacuum', weight: 7, measuredBy: 'vacuum_due' },
  statements: { title: 'Slow statements', weight: 6, measuredBy: 'slow_statements' },
  wal: { title: 'WAL and checkpoints', weight: 6, measuredBy: 'checkpoints' },
  indexes: { title: 'Indexes', weight: 3, measuredBy: 'index_invalid' },
  errors: { title: 'Errors', weight: 3, measuredBy: 'rollbacks' },
  /** Judged, and not scored: a number that is good must not hide that nothing could be restored. */
  backups: { title: 'Backups', weight: 0, measuredBy: undefined },
  security: { title: 'Settings and roles', weight: 0, measuredBy: undefined },
  schema: { title: 'Schema', weight: 0, measuredBy: undefined },
} as const;

export type CategoryId = keyof typeof CATEGORIES;

export const CATEGORY_IDS = Object.keys(CATEGORIES) as readonly CategoryId[];
