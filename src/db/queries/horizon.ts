import { z } from 'zod';
import { poll } from '../poll.ts';
import { column, defineQuery, type RowOf } from '../query.ts';
import { hiddenSessions, since } from './fragments.ts';

/**
 * What keeps dead rows from being removed: the oldest snapshots of sessions, prepared transactions, replication slots
 * and standbys. The oldest first.
 */
export const horizonHolders = defineQuery({
  id: 'maintain.horizon',
  needs: 'pg_read_all_stats',
  variants: [
    {
      sql: `SELECT /* pgdeck */ kind, id, database, detail, age::float8 AS xids, seconds FROM (
  SELECT 'session' AS kind, a.pid::text AS id, a.datname::text AS database, concat_ws(' ', a.usename, nullif(a.application_name, ''), a.state) AS detail,
    greatest(age(a.backend_xmin), age(a.backend_xid)) AS age, ${since('a.xact_start')} AS seconds
  FROM pg_stat_activity a WHERE (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL) AND a.pid <> pg_backend_pid()
    AND a.backend_type IS DISTINCT FROM 'walsender'
    -- nobody waits for the snapshot of a VACUUM
    AND a.pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum WHERE pid IS NOT NULL)
  UNION ALL SELECT 'prepared transaction', gid, database::text, owner::text, age(transaction), ${since('prepared')} FROM pg_prepared_xacts
  UNION ALL SELECT 'replication slot', slot_name::text, database::text, concat_ws(' ', slot_type, CASE WHEN NOT active THEN 'inactive' END),
    greatest(age(xmin), age(catalog_xmin)), NULL FROM pg_replication_slots WHERE xmin IS NOT NULL OR catalog_xmin IS NOT NULL
  UNION ALL SELECT 'standby', pid::text, NULL, application_name, age(backend_xmin), NULL FROM pg_stat_replication WHERE backend_xmin IS NOT NULL) h
ORDER BY age DESC NULLS LAST, seconds DESC NULLS LAST LIMIT $1::int`,
    },
  ],
  row: z.object({
    kind: z.enum(['session', 'prepared transaction', 'replication slot', 'standby']),
    /** Pid, or name. */
    id: z.string(),
    database: column.text,
    detail: column.text,
    /** Transactions that were begun since. */
    xids: column.float,
    /** How long; null where the server does not tell. */
    seconds: column.float,
  }),
  params: ({ limit }: { limit: number }) => [limit],
  partial: hiddenSessions,
});
export type HorizonRow = RowOf<typeof horizonHolders>;

/** Whether it keeps rows of this database: a snapshot of another one does not. */
export function isOfDatabase({ database }: HorizonRow, name: string): boolean {
  return database === null || database === name;
}

/** Holders read at most: the first ones are those that count. */
const LISTED = 20;

export const horizonPoll = poll('slow', 'medium', horizonHolders, { input: () => ({ limit: LISTED }) });
