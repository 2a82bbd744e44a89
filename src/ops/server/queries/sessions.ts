import { z } from 'zod';
import { hiddenSessions, since } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/** Who is connected, by what they have in common; those with open transactions first. Own sessions are left out. */
export const serverSessions = defineQuery({
  id: 'server.sessions',
  needs: 'pg_read_all_stats',
  variants: [
    {
      sql: `SELECT /* pgdeck */ datname::text AS database, usename::text AS role, coalesce(nullif(application_name, ''), '-') AS application,
  host(client_addr) AS address, count(*)::int AS sessions, count(*) FILTER (WHERE state = 'active')::int AS active,
  count(xact_start)::int AS transactions, max(${since('xact_start')}) AS oldest_seconds
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name !~ '^pgdeck($|-)'
GROUP BY 1, 2, 3, 4 ORDER BY 7 DESC, 5 DESC, 1, 2, 3`,
    },
  ],
  partial: hiddenSessions,
  row: z.object({
    database: column.text,
    role: column.text,
    application: z.string(),
    /** Null over a socket, and where this role may not see it. */
    address: column.text,
    sessions: z.int(),
    active: z.int(),
    /** Open ones. */
    transactions: z.int(),
    oldest_seconds: column.float,
  }),
});
export type SessionGroup = RowOf<typeof serverSessions>;

/** What a restart ends or leaves open that somebody would have to do again. */
export const serverWork = defineQuery({
  id: 'server.work',
  variants: [
    {
      sql: `SELECT /* pgdeck */ (SELECT count(*)::int FROM pg_prepared_xacts) AS prepared,
  (SELECT count(*)::int FROM pg_stat_progress_basebackup) AS base_backups,
  ARRAY(SELECT DISTINCT application_name FROM pg_stat_activity
    WHERE application_name ~ '^(pgdeck:|pg_dump|pg_dumpall|pg_restore|pg_basebackup)' AND pid <> pg_backend_pid() ORDER BY 1 LIMIT 10) AS programs,
  ARRAY(SELECT coalesce(nullif(application_name, ''), host(client_addr), '-') || CASE WHEN sync_state IN ('sync', 'quorum') THEN ' (synchronous)' ELSE '' END
    FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup' ORDER BY 1 LIMIT 10) AS standbys`,
    },
  ],
  row: z.object({
    prepared: z.int(),
    base_backups: z.int(),
    /** application_name of backups and restores at work, pgdeck's own runs among them. */
    programs: z.array(z.string()),
    standbys: z.array(z.string()),
  }),
});
export type ServerWork = RowOf<typeof serverWork>;
