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
      sql: `SELECT /* pgdeck */ kind, id, database, owner, state, detail, catalogs_only, age::float8 AS xids, seconds FROM (
  SELECT 'session' AS kind, a.pid::text AS id, a.datname::text AS database, a.usename::text AS owner, a.state,
    concat_ws(' ', a.usename, nullif(a.application_name, ''), a.state) AS detail, false AS catalogs_only,
    greatest(age(a.backend_xmin), age(a.backend_xid)) AS age, ${since('a.xact_start')} AS seconds,
    -- whoever has taken a snapshot since sees as far back as the oldest transaction that ran then
    coalesce(age(a.backend_xid) >= greatest(age(a.backend_xmin), age(a.backend_xid)), false) AS own
  FROM pg_stat_activity a WHERE (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL) AND a.pid <> pg_backend_pid()
    AND a.backend_type IS DISTINCT FROM 'walsender'
    -- nobody waits for the snapshot of a VACUUM
    AND a.pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum WHERE pid IS NOT NULL)
  UNION ALL SELECT 'prepared transaction', gid, database::text, owner::text, NULL, owner::text, false, age(transaction), ${since('prepared')}, true FROM pg_prepared_xacts
  UNION ALL SELECT 'replication slot', slot_name::text, database::text, NULL, NULL, concat_ws(' ', slot_type, CASE WHEN NOT active THEN 'inactive' END), xmin IS NULL,
    greatest(age(xmin), age(catalog_xmin)), NULL, true FROM pg_replication_slots WHERE xmin IS NOT NULL OR catalog_xmin IS NOT NULL
  UNION ALL SELECT 'standby', pid::text, NULL, usename::text, NULL, application_name, false, age(backend_xmin), NULL, true FROM pg_stat_replication WHERE backend_xmin IS NOT NULL) h
ORDER BY age DESC NULLS LAST, own DESC, seconds DESC NULLS LAST LIMIT $1::int`,
    },
  ],
  row: z.object({
    kind: z.enum(['session', 'prepared transaction', 'replication slot', 'standby']),
    /** Pid, or name. */
    id: z.string(),
    database: column.text,
    /** The role that it is of. */
    owner: column.text,
    /** Of a session. */
    state: column.text,
    /** Who it is, in words; of a standby, its name. */
    detail: column.text,
    /** A logical slot: what it reads by are the system catalogs, and only their rows stay for it. */
    catalogs_only: z.boolean(),
    /** Transactions that were begun since. */
    xids: column.float,
    /** How long; null where the server does not tell. */
    seconds: column.float,
  }),
  params: ({ limit }: { limit: number }) => [limit],
  partial: hiddenSessions,
});
export type HorizonRow = RowOf<typeof horizonHolders>;

/** Whether it keeps rows of the tables of this database: a snapshot of another one does not, nor does a logical slot. */
export function isOfDatabase({ database, catalogs_only }: HorizonRow, name: string): boolean {
  return !catalogs_only && (database === null || database === name);
}

/** Holders read at most: the first ones are those that count. */
const LISTED = 20;

export const horizonPoll = poll('slow', 'medium', horizonHolders, { input: () => ({ limit: LISTED }) });

/** The tables of this database with the most dead rows, where there are many: those suffer from a holder. */
export const deadRows = defineQuery({
  id: 'maintain.dead_rows',
  variants: [
    {
      // counters before names: the view would join every table
      sql: `SELECT /* pgdeck */ n.nspname::text AS schemaname, c.relname::text, t.dead, ${since('greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid))')} AS vacuum_age_seconds
FROM (SELECT oid, pg_stat_get_dead_tuples(oid)::float8 AS dead FROM pg_class WHERE relkind IN ('r','m') AND oid >= 16384 OFFSET 0) t
JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.dead >= 1000 ORDER BY t.dead DESC, t.oid LIMIT 5`,
    },
  ],
  row: z.object({
    schemaname: z.string(),
    relname: z.string(),
    dead: z.number(),
    /** Null: never. */
    vacuum_age_seconds: column.float,
  }),
});

/** A snapshot that is younger holds nothing that matters: it is not worth a look at every table. */
const HELD_SECONDS = 1;

export const deadRowsPoll = poll('slow', 'slow', deadRows, {
  after: [horizonPoll],
  when: ({ rows }) =>
    rows(horizonPoll).some(
      ({ xids, seconds }) => (xids ?? 0) > 0 && (seconds ?? Number.POSITIVE_INFINITY) >= HELD_SECONDS,
    ),
});
