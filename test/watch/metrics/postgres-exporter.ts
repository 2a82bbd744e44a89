/**
 * Series of postgres_exporter that mean the same here, with the type and the labels that they have there (its collectors
 * at dbb1987, 2026-08): dashboards and rules that were made for it are drawn and judged by them.
 */
const FAMILIES: readonly (readonly [type: string, labels: readonly string[], names: string])[] = [
  // written outside of the collectors
  ['gauge', [], 'pg_up pg_settings_max_connections'],
  [
    'counter',
    [],
    'pg_stat_archiver_archived_count pg_stat_archiver_failed_count pg_stat_bgwriter_buffers_alloc_total pg_stat_bgwriter_buffers_backend_fsync_total pg_stat_bgwriter_buffers_backend_total pg_stat_bgwriter_buffers_checkpoint_total pg_stat_bgwriter_buffers_clean_total pg_stat_bgwriter_checkpoint_sync_time_total pg_stat_bgwriter_checkpoint_write_time_total pg_stat_bgwriter_checkpoints_req_total pg_stat_bgwriter_checkpoints_timed_total pg_stat_bgwriter_maxwritten_clean_total pg_stat_checkpointer_buffers_written_total pg_stat_checkpointer_num_requested_total pg_stat_checkpointer_num_timed_total pg_stat_checkpointer_sync_time_total pg_stat_checkpointer_write_time_total',
  ],
  [
    'counter',
    ['datid', 'datname'],
    'pg_stat_database_active_time_seconds_total pg_stat_database_blk_read_time pg_stat_database_blk_write_time pg_stat_database_blks_hit pg_stat_database_blks_read pg_stat_database_conflicts pg_stat_database_deadlocks pg_stat_database_temp_bytes pg_stat_database_temp_files pg_stat_database_tup_deleted pg_stat_database_tup_fetched pg_stat_database_tup_inserted pg_stat_database_tup_returned pg_stat_database_tup_updated pg_stat_database_xact_commit pg_stat_database_xact_rollback',
  ],
  [
    'counter',
    ['datname', 'schemaname', 'relname'],
    'pg_stat_user_tables_autovacuum_count pg_stat_user_tables_idx_scan pg_stat_user_tables_idx_tup_fetch pg_stat_user_tables_n_tup_del pg_stat_user_tables_n_tup_hot_upd pg_stat_user_tables_n_tup_ins pg_stat_user_tables_n_tup_upd pg_stat_user_tables_seq_scan pg_stat_user_tables_seq_tup_read pg_stat_user_tables_vacuum_count',
  ],
  [
    'counter',
    ['user', 'datname', 'queryid'],
    'pg_stat_statements_calls_total pg_stat_statements_rows_total pg_stat_statements_seconds_total',
  ],
  [
    'gauge',
    [],
    'pg_replication_is_replica pg_replication_lag_seconds pg_replication_last_replay_seconds pg_stat_archiver_last_archive_age',
  ],
  [
    'gauge',
    ['application_name', 'client_addr', 'state', 'slot_name', 'pid'],
    'pg_stat_replication_pg_wal_lsn_diff',
  ],
  ['gauge', ['datid', 'datname'], 'pg_stat_database_numbackends'],
  [
    'gauge',
    ['datname'],
    'pg_database_wraparound_age_datfrozenxid_seconds pg_database_wraparound_age_datminmxid_seconds',
  ],
  [
    'gauge',
    ['datname', 'schemaname', 'relname'],
    'pg_stat_user_tables_index_size_bytes pg_stat_user_tables_last_analyze pg_stat_user_tables_last_autoanalyze pg_stat_user_tables_last_autovacuum pg_stat_user_tables_last_vacuum pg_stat_user_tables_n_dead_tup pg_stat_user_tables_n_live_tup pg_stat_user_tables_n_mod_since_analyze pg_stat_user_tables_table_size_bytes',
  ],
  ['gauge', ['slot_name', 'database'], 'pg_replication_slots_active pg_replication_slots_pg_wal_lsn_diff'],
  ['gauge', ['slot_name', 'slot_type'], 'pg_replication_slots_safe_wal_size_bytes'],
  ['gauge', ['slot_name', 'slot_type', 'wal_status'], 'pg_replication_slots_wal_status'],
];

export const POSTGRES_EXPORTER: ReadonlyMap<
  string,
  { readonly type: string; readonly labels: readonly string[] }
> = new Map(
  FAMILIES.flatMap(([type, labels, names]) => names.split(' ').map((name) => [name, { type, labels }])),
);
