import { z } from 'zod';
import { poll } from '../poll.ts';
import { column, defineQuery, type RowOf } from '../query.ts';
import { SERVER_MS } from './fragments.ts';

const conflicts = (
  slots: string,
): string => `SELECT /* pgdeck */ c.datname::text, c.confl_tablespace::float8 AS tablespace,
  c.confl_lock::float8 AS lock, c.confl_snapshot::float8 AS snapshot, c.confl_bufferpin::float8 AS bufferpin,
  c.confl_deadlock::float8 AS deadlock, ${slots} AS logicalslot, d.stats_reset::text, ${SERVER_MS}
FROM pg_stat_database_conflicts c JOIN pg_stat_database d ON d.datid = c.datid
-- a primary has none
WHERE pg_is_in_recovery()`;

/** Queries that a standby has cancelled because they stood in the way of replay, since `stats_reset`. */
export const standbyConflicts = defineQuery({
  id: 'replication.conflicts',
  variants: [
    { max: 15, sql: conflicts('NULL::float8') },
    { min: 16, sql: conflicts('c.confl_active_logicalslot::float8') },
  ],
  row: z.object({
    datname: z.string(),
    tablespace: z.number(),
    lock: z.number(),
    snapshot: z.number(),
    bufferpin: z.number(),
    deadlock: z.number(),
    /** Logical slots invalidated; from 16 on. */
    logicalslot: column.float,
    stats_reset: column.time,
    server_ms: z.number(),
  }),
});
export type ConflictsRow = RowOf<typeof standbyConflicts>;

export const conflictsPoll = poll('fast', 'slow', standbyConflicts);
