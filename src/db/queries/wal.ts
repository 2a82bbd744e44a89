import { z } from 'zod';
import { poll } from '../poll.ts';
import { column, defineQuery } from '../query.ts';
import { SERVER_MS, since } from './fragments.ts';

/** Where WAL has come to; two samples give the bytes per second, on a primary and on a standby. */
export const walPosition = defineQuery({
  id: 'wal.position',
  variants: [
    {
      sql: `SELECT /* pgdeck */ (CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
  ELSE pg_current_wal_insert_lsn() END - '0/0'::pg_lsn)::float8 AS lsn_bytes,
  pg_is_in_recovery() AS standby, ${SERVER_MS}`,
    },
  ],
  row: z.object({
    /** Null on a standby that has neither received nor replayed anything. */
    lsn_bytes: column.float,
    /** Read each time: a promotion does not break the connection. */
    standby: z.boolean(),
    server_ms: z.number(),
  }),
});

/** What made WAL, since `stats_reset`. */
export const walStats = defineQuery({
  id: 'wal.stats',
  variants: [
    {
      min: 14,
      max: 17,
      sql: `SELECT /* pgdeck */ wal_records::float8, wal_fpi::float8, wal_bytes::float8, wal_buffers_full::float8, wal_write::float8,
  wal_sync::float8, wal_write_time AS wal_write_ms, wal_sync_time AS wal_sync_ms, stats_reset::text, ${SERVER_MS} FROM pg_stat_wal`,
    },
    {
      min: 18,
      // writing and syncing moved to pg_stat_io; context `init` is the making of segments
      sql: `SELECT /* pgdeck */ w.wal_records::float8, w.wal_fpi::float8, w.wal_bytes::float8, w.wal_buffers_full::float8,
  i.wal_write, i.wal_sync, i.wal_write_ms, i.wal_sync_ms, w.stats_reset::text, ${SERVER_MS}
FROM pg_stat_wal w CROSS JOIN (SELECT sum(writes)::float8 AS wal_write, sum(fsyncs)::float8 AS wal_sync,
    sum(write_time) AS wal_write_ms, sum(fsync_time) AS wal_sync_ms
  FROM pg_stat_io WHERE object = 'wal' AND context = 'normal') i`,
    },
  ],
  unavailable: (server) =>
    server.major < 14 ? { reason: 'PostgreSQL counts WAL records from version 14 on.' } : undefined,
  row: z.object({
    wal_records: z.number(),
    /** Full page images: many of them soon after a checkpoint. */
    wal_fpi: z.number(),
    wal_bytes: z.number(),
    wal_buffers_full: z.number(),
    wal_write: column.float,
    wal_sync: column.float,
    /** 0 while track_wal_io_timing is off. */
    wal_write_ms: column.float,
    wal_sync_ms: column.float,
    stats_reset: column.time,
    server_ms: z.number(),
  }),
});

function checkpointer(done: string): string {
  return `SELECT /* pgdeck */ c.num_timed::float8, c.num_requested::float8, ${done} AS num_done, c.write_time AS write_ms,
  c.sync_time AS sync_ms, c.buffers_written::float8, b.buffers_clean::float8, b.maxwritten_clean::float8,
  i.writes AS buffers_backend, i.fsyncs AS buffers_backend_fsync, b.buffers_alloc::float8, c.stats_reset::text, ${SERVER_MS}
FROM pg_stat_checkpointer c CROSS JOIN pg_stat_bgwriter b CROSS JOIN (
  SELECT sum(writes)::float8 AS writes, sum(fsyncs)::float8 AS fsyncs FROM pg_stat_io
  WHERE object = 'relation' AND backend_type NOT IN ('checkpointer', 'background writer')) i`;
}

/** Checkpoints and who writes dirty buffers, since `stats_reset`; the names are those of 17. */
export const checkpoints = defineQuery({
  id: 'wal.checkpoints',
  variants: [
    {
      max: 16,
      sql: `SELECT /* pgdeck */ checkpoints_timed::float8 AS num_timed, checkpoints_req::float8 AS num_requested,
  NULL::float8 AS num_done, checkpoint_write_time AS write_ms, checkpoint_sync_time AS sync_ms,
  buffers_checkpoint::float8 AS buffers_written, buffers_clean::float8, maxwritten_clean::float8,
  buffers_backend::float8, buffers_backend_fsync::float8, buffers_alloc::float8, stats_reset::text, ${SERVER_MS}
FROM pg_stat_bgwriter`,
    },
    { min: 17, max: 17, sql: checkpointer('NULL::float8') },
    { min: 18, sql: checkpointer('c.num_done::float8') },
  ],
  row: z.object({
    num_timed: z.number(),
    /** By WAL volume or by command: many of them ask for a larger max_wal_size. */
    num_requested: z.number(),
    num_done: column.float,
    write_ms: z.number(),
    sync_ms: z.number(),
    buffers_written: z.number(),
    buffers_clean: z.number(),
    maxwritten_clean: z.number(),
    buffers_backend: column.float,
    buffers_backend_fsync: column.float,
    buffers_alloc: z.number(),
    stats_reset: column.time,
    server_ms: z.number(),
  }),
});

/** The archiver. */
export const archiver = defineQuery({
  id: 'wal.archiver',
  variants: [
    {
      sql: `SELECT /* pgdeck */ archived_count::float8, failed_count::float8, last_archived_wal, last_failed_wal,
  ${since('last_archived_time')} AS last_archived_seconds, ${since('last_failed_time')} AS last_failed_seconds,
  ${since('coalesce(last_archived_time, stats_reset)')} AS unarchived_seconds,
  coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS failing, stats_reset::text
FROM pg_stat_archiver`,
    },
  ],
  row: z.object({
    archived_count: z.number(),
    failed_count: z.number(),
    last_archived_wal: column.text,
    last_failed_wal: column.text,
    last_archived_seconds: column.float,
    last_failed_seconds: column.float,
    /** Since something was archived; where nothing was yet, since that is counted. */
    unarchived_seconds: column.float,
    /** The last attempt failed. */
    failing: z.boolean(),
    stats_reset: column.time,
  }),
});

/** The size of pg_wal; reads the directory. */
export const walDirectory = defineQuery({
  id: 'wal.directory',
  needs: 'pg_monitor',
  variants: [
    {
      sql: 'SELECT /* pgdeck */ count(*)::int AS files, coalesce(sum(size), 0)::float8 AS total_bytes FROM pg_ls_waldir()',
    },
  ],
  row: z.object({ files: z.int(), total_bytes: z.number() }),
});

/** Prepared transactions, the oldest first: they hold locks and old row versions, and no session shows them. */
export const prepared = defineQuery({
  id: 'wal.prepared',
  variants: [
    {
      sql: `SELECT /* pgdeck */ gid, owner::text, database::text, ${since('prepared')} AS prepared_seconds, age(transaction) AS xid_age
FROM pg_prepared_xacts ORDER BY prepared`,
    },
  ],
  row: z.object({
    gid: z.string(),
    owner: column.text,
    database: column.text,
    prepared_seconds: z.number(),
    xid_age: z.int(),
  }),
});

export const walPositionPoll = poll('fast', 'tick', walPosition);
export const walStatsPoll = poll('fast', 'medium', walStats);
export const checkpointsPoll = poll('fast', 'medium', checkpoints);
export const archiverPoll = poll('fast', 'medium', archiver);
export const preparedPoll = poll('fast', 'medium', prepared);
export const walDirectoryPoll = poll('slow', 'slow', walDirectory);
