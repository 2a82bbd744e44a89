import { z } from 'zod';
import { isOwnSession, ownSessions } from '../../../db/client/own-sessions.ts';
import {
  ageSeconds,
  DURATION_COLUMNS,
  durationColumns,
  microseconds,
  SESSION_COLUMNS,
  sessionColumns,
} from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/*
 * The identity of a backend is its pid and its start: a pid alone may belong to somebody else by the time the signal
 * is sent. These must run outside a transaction, within which pg_stat_activity does not change.
 */
const IDENTITY = `a.pid = $1::int AND (date_part('epoch', a.backend_start) * 1000000)::int8 = $2::int8`;

function signal(call: string, guard: string): string {
  return `WITH /* pgdeck */ target AS MATERIALIZED (
  SELECT a.pid FROM pg_stat_activity a WHERE ${IDENTITY} AND a.pid <> pg_backend_pid() ${guard})
SELECT /* pgdeck */ t.*, ${call}(t.pid) AS sent FROM target t`;
}

const sent = z.object({
  pid: z.int(),
  /** The signal was delivered; whether it has done its work is seen by asking {@link signalStill}. */
  sent: z.boolean(),
});

/**
 * Cancels what a backend runs, in one statement with the check that it is still that backend and, with `queryStart`,
 * still that query. No row: gone or moved on, and nothing was sent.
 */
export const signalCancel = defineQuery({
  id: 'signal.cancel',
  needs: 'pg_signal_backend',
  variants: [
    {
      sql: signal(
        'pg_cancel_backend',
        `AND ($3::int8 IS NULL OR (a.state = 'active' AND (date_part('epoch', a.query_start) * 1000000)::int8 = $3::int8))`,
      ),
    },
  ],
  row: sent,
  params: (target: { pid: number; backendStart: number; queryStart: number | null }) => [
    target.pid,
    target.backendStart,
    target.queryStart,
  ],
});

/** Ends a backend, in one statement with the check that it is still that backend. No row: gone, nothing was sent. */
export const signalTerminate = defineQuery({
  id: 'signal.terminate',
  needs: 'pg_signal_backend',
  variants: [{ sql: signal('pg_terminate_backend', '') }],
  row: sent,
  params: (target: { pid: number; backendStart: number }) => [target.pid, target.backendStart],
});

/** The same, while the backend is still in the transaction that was to be ended. */
export const signalTransaction = defineQuery({
  id: 'signal.transaction',
  needs: 'pg_signal_backend',
  variants: [{ sql: signal('pg_terminate_backend', `AND ${microseconds('a.xact_start')} = $3::float8`) }],
  row: sent,
  params: (target: { pid: number; backendStart: number; xactStart: number }) => [
    target.pid,
    target.backendStart,
    target.xactStart,
  ],
});

/** The server's own rule for who may signal whom, as columns: nothing is tried to find out. */
function targets(where: string, order: string): string {
  return `SELECT /* pgdeck */ * FROM (
  SELECT a.pid, ${SESSION_COLUMNS}, ${DURATION_COLUMNS}, left(a.query, 1000) AS query,
    ${microseconds('a.xact_start')} AS xact_start_us,
    coalesce(r.rolsuper, false) AS superuser,
    a.pid = pg_backend_pid() OR ${isOwnSession(2)} AS own,
    CASE WHEN me.rolsuper THEN NULL
      WHEN a.backend_type = 'autovacuum worker' AND to_regrole('pg_signal_autovacuum_worker') IS NOT NULL THEN
        CASE WHEN NOT pg_has_role(current_user, to_regrole('pg_signal_autovacuum_worker')::oid, 'USAGE') THEN 'pg_signal_autovacuum_worker' END
      WHEN a.usesysid IS NULL OR r.rolsuper THEN 'superuser'
      WHEN NOT (pg_has_role(current_user, a.usesysid, 'USAGE') OR pg_has_role(current_user, 'pg_signal_backend', 'USAGE'))
        THEN 'pg_signal_backend'
      -- without it the guard cannot see whom it would hit
      WHEN a.backend_start IS NULL THEN 'pg_read_all_stats' END AS needs
  FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid
    CROSS JOIN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) me
  WHERE ${where}) t ${order}`;
}

const target = z.object({
  pid: z.int(),
  ...sessionColumns,
  ...durationColumns,
  query: column.text,
  /** Null outside of a transaction. */
  xact_start_us: column.float,
  /** Its role is a superuser. */
  superuser: z.boolean(),
  /** A session of this program. */
  own: z.boolean(),
  /** What this role lacks: `superuser`, or the role to be granted. */
  needs: z
    .enum(['pg_signal_backend', 'superuser', 'pg_signal_autovacuum_worker', 'pg_read_all_stats'])
    .nullable(),
});

/** The backends with these pids as they are now, and whether this role may signal them. */
export const signalTargets = defineQuery({
  id: 'signal.targets',
  variants: [{ sql: targets('a.pid = ANY ($1::int[])', 'ORDER BY pid') }],
  row: target,
  params: ({ pids }: { pids: readonly number[] }) => [pids, ...ownSessions('all')],
});
export type SignalTargetRow = RowOf<typeof signalTargets>;

/** Clients that have been idle for longer than `seconds`, outside a transaction, that this role may end. */
export const signalIdleCandidates = defineQuery({
  id: 'signal.idle_candidates',
  needs: 'pg_read_all_stats',
  variants: [
    {
      sql: targets(
        `a.backend_type = 'client backend' AND a.state = 'idle'
    AND a.state_change < clock_timestamp() - make_interval(secs => $1::float8)`,
        'WHERE needs IS NULL AND NOT own ORDER BY state_seconds DESC, pid',
      ),
    },
  ],
  row: target,
  params: ({ seconds }: { seconds: number }) => [ageSeconds(seconds), ...ownSessions('all')],
});

/** Whether a backend is still there, and what it does: asked after a signal until it is gone or has moved on. */
export const signalStill = defineQuery({
  id: 'signal.still',
  variants: [
    {
      sql: `SELECT /* pgdeck */ a.pid, a.state, ${microseconds('a.query_start')} AS query_start_us FROM pg_stat_activity a WHERE ${IDENTITY}`,
    },
  ],
  row: z.object({ pid: z.int(), state: column.text, query_start_us: column.float }),
  params: (target: { pid: number; backendStart: number }) => [target.pid, target.backendStart],
});
