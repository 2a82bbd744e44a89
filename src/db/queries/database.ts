import { z } from 'zod';
import { poll } from '../poll.ts';
import { column, defineQuery } from '../query.ts';
import { BLOCK_SIZE, SERVER_MS } from './fragments.ts';

/** Databases of managed services that customers may neither read nor connect to. */
const HIDDEN = "('template0', 'rdsadmin', 'cloudsqladmin', 'azure_maintenance', 'azure_sys')";

function stats(sessions: string): string {
  return `SELECT /* pgdeck */ d.datid, d.datname::text, d.numbackends, d.xact_commit::float8, d.xact_rollback::float8,
  d.blks_read::float8, d.blks_hit::float8, d.tup_returned::float8, d.tup_fetched::float8, d.tup_inserted::float8,
  d.tup_updated::float8, d.tup_deleted::float8, d.conflicts::float8, d.temp_files::float8, d.temp_bytes::float8,
  d.deadlocks::float8, d.checksum_failures::float8, d.blk_read_time, d.blk_write_time,
  ${sessions}, d.stats_reset::text, ${SERVER_MS}
FROM pg_stat_database d WHERE d.datname NOT IN ${HIDDEN}`;
}

/** Counters per database since `stats_reset`; they mean something as differences between two samples. */
export const databaseStats = defineQuery({
  id: 'database.stats',
  variants: [
    {
      max: 13,
      sql: stats(`NULL::float8 AS session_time, NULL::float8 AS active_time, NULL::float8 AS idle_in_transaction_time,
  NULL::float8 AS sessions, NULL::float8 AS sessions_abandoned, NULL::float8 AS sessions_fatal, NULL::float8 AS sessions_killed`),
    },
    {
      min: 14,
      sql: stats(`d.session_time, d.active_time, d.idle_in_transaction_time,
  d.sessions::float8, d.sessions_abandoned::float8, d.sessions_fatal::float8, d.sessions_killed::float8`),
    },
  ],
  row: z.object({
    datid: z.int(),
    datname: z.string(),
    numbackends: z.int(),
    xact_commit: z.number(),
    xact_rollback: z.number(),
    blks_read: z.number(),
    blks_hit: z.number(),
    tup_returned: z.number(),
    tup_fetched: z.number(),
    tup_inserted: z.number(),
    tup_updated: z.number(),
    tup_deleted: z.number(),
    conflicts: z.number(),
    temp_files: z.number(),
    temp_bytes: z.number(),
    deadlocks: z.number(),
    /** Null without data checksums. */
    checksum_failures: column.float,
    /** Milliseconds, as all `_time` columns; 0 while track_io_timing is off. */
    blk_read_time: z.number(),
    blk_write_time: z.number(),
    session_time: column.float,
    active_time: column.float,
    idle_in_transaction_time: column.float,
    sessions: column.float,
    sessions_abandoned: column.float,
    sessions_fatal: column.float,
    sessions_killed: column.float,
    stats_reset: column.time,
    server_ms: z.number(),
  }),
});

export const databasePoll = poll('fast', 'tick', databaseStats);

/** How much is in this database by the last VACUUM or ANALYZE of each relation: no file is looked at. */
export const databaseEstimate = defineQuery({
  id: 'database.estimate',
  variants: [
    {
      sql: `SELECT /* pgdeck */ (count(*) FILTER (WHERE relkind IN ('r', 'm') AND oid >= 16384))::int AS tables,
  coalesce(sum(relpages), 0)::float8 * ${BLOCK_SIZE} AS est_bytes
FROM pg_class WHERE relkind IN ('r', 'i', 't', 'm')`,
    },
  ],
  row: z.object({
    /** Tables and materialized views that are no part of the system. */
    tables: z.int(),
    est_bytes: z.number(),
  }),
});

export const databaseEstimatePoll = poll('slow', 'rare', databaseEstimate);
