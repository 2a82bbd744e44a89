import { z } from 'zod';
import { CONFLICTS } from '../lock-modes.ts';
import { poll } from '../poll.ts';
import { column, defineQuery, type RowOf } from '../query.ts';
import { summaryPoll } from './activity.ts';
import {
  DURATION_COLUMNS,
  durationColumns,
  hiddenSessions,
  relationJoin,
  relationName,
  SESSION_COLUMNS,
  sessionColumns,
  since,
} from './fragments.ts';

/** The modes that stand in the way of each, as the cases of a CASE. */
const CONFLICTING = Object.entries(CONFLICTS)
  .map(([mode, modes]) => `WHEN '${mode}' THEN '${modes.join(' ')}'`)
  .join(' ');

/**
 * Waiters are read from pg_locks, not from pg_stat_activity: it is open to every role, and it is needed for the lock
 * anyway. pg_blocking_pids() stops all lock traffic for a moment, so it is called for waiters only.
 */
function tree(waitSeconds: string): string {
  return `WITH /* pgdeck */ asked AS MATERIALIZED (
  -- a parallel worker's wait is its leader's: they hold locks as one, and pg_blocking_pids() names leaders
  SELECT DISTINCT ON (coalesce(s.leader_pid, l.pid)) coalesce(s.leader_pid, l.pid) AS pid, l.locktype, l.database, l.relation, l.page,
    l.tuple, l.virtualxid, l.transactionid, l.classid, l.objid, l.objsubid, l.mode, ${waitSeconds} AS wait_seconds
  FROM pg_locks l LEFT JOIN pg_stat_get_activity(NULL) s ON s.pid = l.pid
  WHERE NOT l.granted AND l.pid <> pg_backend_pid() ORDER BY 1, s.leader_pid IS NOT NULL),
waiting AS MATERIALIZED (
  SELECT a.*, pg_blocking_pids(a.pid) AS blockers, dense_rank() OVER (ORDER BY a.locktype, a.database, a.relation, a.page, a.tuple,
    a.virtualxid, a.transactionid::text, a.classid, a.objid, a.objsubid)::int AS queue
  FROM asked a),
-- pg_blocking_pids() has 0 for every prepared transaction: which one it is, the lock of its own transaction ID tells.
-- Read only where there is a 0; from 14 on its virtualxid is that of the session that prepared it
prepared AS (
  SELECT w.pid, -x.transactionid::text::float8 AS blocker
  FROM waiting w JOIN pg_locks h ON h.pid IS NULL AND h.granted AND h.locktype = w.locktype
    AND (h.database, h.relation, h.page, h.tuple, h.virtualxid, h.transactionid, h.classid, h.objid, h.objsubid)
      IS NOT DISTINCT FROM (w.database, w.relation, w.page, w.tuple, w.virtualxid, w.transactionid, w.classid, w.objid, w.objsubid)
    AND position(' ' || h.mode || ' ' IN ' ' || CASE w.mode ${CONFLICTING} END || ' ') > 0
  JOIN pg_locks x ON x.pid IS NULL AND x.granted AND x.locktype = 'transactionid' AND x.virtualtransaction = h.virtualtransaction
  WHERE 0 = ANY (w.blockers) AND (SELECT bool_or(0 = ANY (blockers)) FROM waiting)),
-- in a queue for one exclusive lock everybody is blocked by all those ahead: 200 waiters have 20,000 edges
edge AS (
  SELECT DISTINCT w.pid::float8, b.pid::float8 AS blocker FROM waiting w, unnest(w.blockers) AS b(pid)
    WHERE b.pid <> 0 OR w.pid NOT IN (SELECT pid FROM prepared)
  UNION SELECT pid, blocker FROM prepared),
ranked AS (
  SELECT e.pid, e.blocker, coalesce(cardinality(b.blockers), 0) AS n, coalesce(b.queue = w.queue, false) AS ahead
  FROM edge e JOIN waiting w ON w.pid = e.pid LEFT JOIN waiting b ON b.pid = e.blocker),
kept AS (
  SELECT pid, count(*)::int AS n_blockers,
    (array_agg(blocker ORDER BY ahead, n, blocker))[1:(count(*) FILTER (WHERE NOT ahead))::int + $3::int] AS blocked_by
  FROM ranked GROUP BY pid),
who AS (SELECT pid FROM kept UNION SELECT blocker FROM edge)
SELECT /* pgdeck */ who.pid, coalesce(k.blocked_by, '{}') AS blocked_by, coalesce(k.n_blockers, 0) AS n_blockers,
  ${SESSION_COLUMNS}, w.locktype, w.mode, w.queue,
  ${relationName('w.relation', 'r')} AS relation, w.relation AS relation_oid, d.datname::text AS lock_datname,
  w.wait_seconds, ${DURATION_COLUMNS}, left(a.query, $1::int) AS query,
  p.gid, p.owner::text, p.database::text AS prepared_in, ${since('p.prepared')} AS prepared_seconds
FROM who LEFT JOIN kept k ON k.pid = who.pid
  LEFT JOIN waiting w ON w.pid = who.pid
  LEFT JOIN pg_stat_activity a ON a.pid = who.pid
  LEFT JOIN pg_prepared_xacts p ON p.transaction::text::float8 = -who.pid
  LEFT JOIN pg_database d ON d.oid = w.database
  ${relationJoin('w.relation', 'w.database', 'r')}
ORDER BY k.pid IS NOT NULL, w.wait_seconds DESC NULLS LAST, who.pid
LIMIT $2::int`;
}

/**
 * One row per session that waits for a lock or holds up one that does; those that wait for nobody first, then the
 * longest wait. Worth asking only while {@link file://./activity.ts}'s `lock_waiting` is not 0.
 */
export const lockTree = defineQuery({
  id: 'locks.tree',
  needs: 'pg_read_all_stats',
  variants: [
    // pg_locks has no waitstart before 14, and the time in the present state is no wait
    { max: 13, sql: tree('NULL::float8') },
    { min: 14, sql: tree(since('l.waitstart')) },
  ],
  partial: hiddenSessions,
  row: z.object({
    /** A prepared transaction holds locks and has no process: minus its transaction ID, 0 where that is not known. */
    pid: z.int(),
    /**
     * Every blocker but those that wait for the same lock; of these the ones with the fewest blockers, so that the
     * roots of each wait are here while a long queue is not. Empty: waits for nobody. A leader stands for its workers.
     */
    blocked_by: z.array(z.int()),
    /** All of them, also those left out of `blocked_by`. */
    n_blockers: z.int(),
    ...sessionColumns,
    locktype: column.text,
    mode: column.text,
    /** Those that wait for the same lock have the same number, in this answer only. */
    queue: column.int,
    /** `schema.name` in the connected database, else the oid; null for a lock on anything but a relation. */
    relation: column.text,
    relation_oid: column.int,
    lock_datname: column.text,
    /** Null before 14, and for the moment until the server has noted it. */
    wait_seconds: column.float,
    ...durationColumns,
    query: column.text,
    /** Of a prepared transaction; null for a session. */
    gid: column.text,
    owner: column.text,
    /** Its database, in which alone it can be ended. */
    prepared_in: column.text,
    prepared_seconds: column.float,
  }),
  params: ({
    queryChars,
    limit,
    waitingBlockers,
  }: {
    queryChars: number;
    limit: number;
    waitingBlockers: number;
  }) => [queryChars, limit, waitingBlockers],
});
export type LockRow = RowOf<typeof lockTree>;

export const locksPoll = poll('fast', 'tick', lockTree, {
  input: ({ wants }) => ({
    queryChars: wants.queryChars,
    limit: wants.lockLimit,
    waitingBlockers: wants.waitingBlockers,
  }),
  // pg_blocking_pids takes every lock partition in shared mode: asked only while somebody waits
  after: [summaryPoll],
  when: ({ rows }) => rows(summaryPoll)[0]?.lock_waiting !== 0,
});
