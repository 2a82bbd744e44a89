import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../query.ts';

const inDatabase = ({ oid }: { oid: number }) => [oid];

/** Whether a backend holds the database's door, and what still stands in it. */
export const swapDoor = defineQuery({
  id: 'swap.door',
  variants: [
    {
      sql: `SELECT /* pgdeck */
  EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'object' AND l.classid = 'pg_database'::regclass AND l.objid = $1::int8::oid
    AND l.pid = $2::int AND l.mode = 'AccessExclusiveLock' AND l.granted) AS closed,
  pg_blocking_pids($2::int) AS blockers,
  -- not the view of them: it knows the database by a name that is being changed
  (SELECT count(*)::int FROM pg_prepared_xact() p WHERE p.dbid = $1::int8::oid) AS prepared`,
    },
  ],
  row: z.object({
    /** The AccessExclusiveLock on the database is granted: nobody gets in. */
    closed: z.boolean(),
    /** Whom the backend waits for. */
    blockers: z.array(z.int()),
    prepared: z.int(),
  }),
  params: ({ oid, pid }: { oid: number; pid: number }) => [oid, pid],
});

/** Sessions in a database. Autovacuum workers are none: the server sends them away itself. */
export const swapSessions = defineQuery({
  id: 'swap.sessions',
  variants: [
    {
      sql: `SELECT /* pgdeck */ a.pid, a.usename::text, a.application_name, a.state,
  CASE WHEN me.rolsuper THEN NULL WHEN r.rolsuper THEN 'superuser'
    WHEN NOT (pg_has_role(current_user, a.usesysid, 'USAGE') OR pg_has_role(current_user, 'pg_signal_backend', 'USAGE'))
      THEN 'pg_signal_backend' END AS needs
FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid
  CROSS JOIN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) me
WHERE a.datid = $1::int8::oid AND a.usesysid IS NOT NULL AND a.pid <> pg_backend_pid() ORDER BY a.pid`,
    },
  ],
  row: z.object({
    pid: z.int(),
    usename: column.text,
    application_name: column.text,
    state: column.text,
    /** What this role lacks to end it; null: it may. */
    needs: z.enum(['superuser', 'pg_signal_backend']).nullable(),
  }),
  params: inDatabase,
});
export type SwapSessionRow = RowOf<typeof swapSessions>;

export const TERMINATE_IN = `SELECT /* pgdeck */ pg_terminate_backend(a.pid) AS sent FROM pg_stat_activity a WHERE a.datid = $1::int8::oid AND a.pid = $2::int AND a.pid <> pg_backend_pid()`;

/** Ends a backend if it is in that database still. By OID: its name may be another database's a moment later. */
export const swapTerminate = defineQuery({
  id: 'swap.terminate',
  needs: 'pg_signal_backend',
  variants: [
    {
      sql: TERMINATE_IN,
    },
  ],
  row: z.object({ sent: z.boolean() }),
  params: ({ oid, pid }: { oid: number; pid: number }) => [oid, pid],
});

/** Prepared transactions of a database: no session holds them, and they hold the database. */
export const preparedIn = defineQuery({
  id: 'swap.prepared',
  variants: [
    {
      sql: `SELECT /* pgdeck */ p.gid, pg_get_userbyid(p.ownerid)::text AS owner FROM pg_prepared_xact() p
WHERE p.dbid = $1::int8::oid ORDER BY p.prepared`,
    },
  ],
  row: z.object({ gid: z.string(), owner: column.text }),
  params: inDatabase,
});

/** Logical replication slots of a database, with the WAL that each of them keeps. */
export const slotsIn = defineQuery({
  id: 'swap.slots',
  variants: [
    {
      sql: `SELECT /* pgdeck */ s.slot_name::text AS name, s.active,
  CASE WHEN NOT pg_is_in_recovery() THEN (pg_current_wal_lsn() - s.restart_lsn)::float8 END AS retained_bytes
FROM pg_replication_slots s WHERE s.datoid = $1::int8::oid ORDER BY s.slot_name`,
    },
  ],
  row: z.object({ name: z.string(), active: z.boolean(), retained_bytes: column.float }),
  params: inDatabase,
});

/** Subscriptions of a database. */
export const subscriptionsIn = defineQuery({
  id: 'swap.subscriptions',
  variants: [
    {
      sql: 'SELECT /* pgdeck */ subname::text AS name, subenabled AS enabled FROM pg_subscription WHERE subdbid = $1::int8::oid ORDER BY subname',
    },
  ],
  row: z.object({ name: z.string(), enabled: z.boolean() }),
  params: inDatabase,
});

/** Sessions that hold the locks of runs, by the beginning of their names. */
export const runLockHolders = defineQuery({
  id: 'swap.lock_holders',
  variants: [
    {
      sql: `SELECT /* pgdeck */ DISTINCT a.application_name FROM pg_stat_activity a WHERE starts_with(a.application_name, $1)`,
    },
  ],
  row: z.object({ application_name: z.string() }),
  params: ({ prefix }: { prefix: string }) => [prefix],
});
