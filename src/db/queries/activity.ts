import { z } from 'zod';
import { isOwnSession, ownSessions } from '../client/own-sessions.ts';
import { poll } from '../poll.ts';
import { column, defineQuery, type RowOf } from '../query.ts';
import {
  ageSeconds,
  DURATION_COLUMNS,
  durationColumns,
  hiddenSessions,
  SERVER_MS,
  SESSION_COLUMNS,
  seesEverySession,
  sessionColumns,
  since,
} from './fragments.ts';

/** Processes that belong to the server itself and never run anyone's query. */
const BACKGROUND = `'checkpointer','background writer','walwriter','archiver','logger','startup','stats collector','walsummarizer',
    'io worker','slotsync worker','autovacuum launcher','logical replication launcher'`;

/** Backend types are hidden without pg_read_all_stats, so `filter` must not drop the rows where they are NULL. */
function list(queryId: string, filter: string, order: string): string {
  return `SELECT /* pgdeck */ a.pid, ${SESSION_COLUMNS}, ${DURATION_COLUMNS},
  age(a.backend_xid) AS xid_age, age(a.backend_xmin) AS xmin_age, ${queryId} AS query_id, left(a.query, $1::int) AS query,
  count(*) OVER ()::int AS matching
FROM pg_stat_activity a
WHERE a.pid <> pg_backend_pid()
  AND NOT ${isOwnSession(4)}
  AND (a.state IS DISTINCT FROM 'idle' OR $3::bool)
  AND ${filter}
ORDER BY ${order} a.xact_start NULLS LAST, a.pid
LIMIT $2::int`;
}

const ALL = `a.backend_type NOT IN (${BACKGROUND})`;
/** Where the type is hidden: a launcher has an owner too, but no database, and is no WAL sender. */
const IS_CLIENT = '(a.datid IS NOT NULL OR a.pid IN (SELECT pid FROM pg_stat_get_wal_senders()))';
const VISIBLE = `(a.backend_type IN (${BACKGROUND})) IS NOT TRUE AND a.usename IS NOT NULL AND ${IS_CLIENT}`;
const OWN_FIRST = 'a.backend_start IS NULL,';

/**
 * One row per session that does something, and with `idle` those that do nothing: the longest transaction first. Left
 * out are the connections that this program watches with; another pgdeck is a client like any other.
 */
export const activityList = defineQuery({
  id: 'activity.list',
  needs: 'pg_read_all_stats',
  variants: [
    { max: 13, when: seesEverySession, sql: list('NULL::text', ALL, '') },
    { min: 14, when: seesEverySession, sql: list('a.query_id::text', ALL, '') },
    { max: 13, sql: list('NULL::text', VISIBLE, OWN_FIRST) },
    { min: 14, sql: list('a.query_id::text', VISIBLE, OWN_FIRST) },
  ],
  partial: hiddenSessions,
  row: z.object({
    pid: z.int(),
    ...sessionColumns,
    ...durationColumns,
    /** Transactions since this session took its xid. */
    xid_age: column.int,
    /** Transactions since the snapshot that this session holds back VACUUM with. */
    xmin_age: column.int,
    /** 14 and later, where compute_query_id is on. */
    query_id: column.text,
    query: column.text,
    /** How many there are, listed or not. */
    matching: z.int(),
  }),
  params: ({ queryChars, limit, idle }: { queryChars: number; limit: number; idle: boolean }) => [
    queryChars,
    limit,
    idle,
    ...ownSessions('watching'),
  ],
});
export type ActivityRow = RowOf<typeof activityList>;

const CONNECTION_LIMITS = `current_setting('max_connections')::int AS max_connections,
  current_setting('superuser_reserved_connections')::int
    + coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0) AS reserved_connections,
  ${SERVER_MS}`;

/** Age in transactions above, age in tenths of a second below: one maximum finds the oldest snapshot and its time. */
const packed = (xids: string, start: string) =>
  `((${xids})::int8 << 32) + least(4294967295, greatest(0, ${since(start)} * 10))::int8`;

/** A walsender's snapshot is that of a standby and has no time; that of a worker's VACUUM holds nothing back. */
const HORIZON_SECONDS = `coalesce((greatest(
    max(CASE WHEN listed AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL) AND backend_type NOT IN ('walsender', 'autovacuum worker')
      THEN ${packed('greatest(age(backend_xmin), age(backend_xid))', 'xact_start')} END),
    (SELECT max(${packed('age(transaction)', 'prepared')}) FROM pg_prepared_xact())) & 4294967295)::float8 / 10, 0)`;

/**
 * All sessions counted: the header, the score and the gate of the lock pane, in one row. Every connection takes a slot;
 * what sessions do is counted of those that {@link activityList} lists, so without our own that watch.
 */
export const activitySummary = defineQuery({
  id: 'activity.summary',
  needs: 'pg_read_all_stats',
  variants: [
    {
      when: seesEverySession,
      // one time per column and min() instead of one subtraction per row: 500 sessions are counted every second
      sql: `SELECT /* pgdeck */
  count(*) FILTER (WHERE client)::int AS clients,
  count(*) FILTER (WHERE client AND listed AND active)::int AS active,
  count(*) FILTER (WHERE client AND listed AND state = 'idle')::int AS idle,
  count(*) FILTER (WHERE client AND listed AND in_xact)::int AS idle_in_transaction,
  0 AS hidden,
  count(*) FILTER (WHERE wait_event_type = 'Lock')::int AS lock_waiting,
  -- 0 is true here: every session is visible, so none of the kind means none that is old
  coalesce(${since('min(xact_start) FILTER (WHERE client AND listed)')}, 0) AS longest_xact_seconds,
  ${HORIZON_SECONDS} AS horizon_seconds,
  count(*) FILTER (WHERE client AND listed AND state = 'idle'
    AND state_change < (SELECT statement_timestamp() - make_interval(secs => $1::float8)) AND NOT ${isOwnSession(2)})::int AS idle_for_long,
  ${CONNECTION_LIMITS}
FROM (SELECT a.pid, backend_start, state, wait_event_type, xact_start, state_change,
    NOT (a.pid = pg_backend_pid() OR ${isOwnSession(4)}) AS listed,
    backend_type = 'client backend' AS client, state = 'active' AS active, backend_xmin, backend_xid, backend_type,
    state IN ('idle in transaction', 'idle in transaction (aborted)') AS in_xact
  FROM pg_stat_get_activity(NULL) a OFFSET 0) a`,
    },
    {
      // numbackends and pg_locks are open to every role; numbackends also counts workers that are connected to a database
      sql: `SELECT /* pgdeck */
  (SELECT coalesce(sum(numbackends), 0) FROM pg_stat_database)::int AS clients,
  NULL::int AS active, NULL::int AS idle, NULL::int AS idle_in_transaction,
  (SELECT count(*) FROM pg_stat_get_activity(NULL) a WHERE a.usesysid IS NOT NULL AND a.backend_start IS NULL
    AND ${IS_CLIENT})::int AS hidden,
  (SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted)::int AS lock_waiting,
  NULL::float8 AS longest_xact_seconds, NULL::float8 AS horizon_seconds, NULL::int AS idle_for_long,
  ${CONNECTION_LIMITS}
-- every variant takes the same parameters
FROM (SELECT $1::float8, $2::int[], $3::float8[], $4::int[], $5::float8[]) unused`,
    },
  ],
  partial: hiddenSessions,
  row: z.object({
    /** Connections in use, our own among them. */
    clients: z.int(),
    active: column.int,
    idle: column.int,
    idle_in_transaction: column.int,
    /** Sessions of which this role sees the name only. */
    hidden: z.int(),
    /** Sessions that wait for a lock; {@link file://./locks.ts} is worth asking only when it is not 0. */
    lock_waiting: z.int(),
    longest_xact_seconds: column.float,
    /** How long the transaction has been open that holds back VACUUM most, a prepared one too; 0: there is none. */
    horizon_seconds: column.float,
    /** Outside a transaction, for longer than asked. */
    idle_for_long: column.int,
    max_connections: z.int(),
    /** Connections that only superusers (and from 16 on pg_use_reserved_connections) can use. */
    reserved_connections: z.int(),
    server_ms: z.number(),
  }),
  params: ({ idleSeconds }: { idleSeconds: number }) => [
    ageSeconds(idleSeconds),
    ...ownSessions('all'),
    ...ownSessions('watching'),
  ],
});

export const summaryPoll = poll('fast', 'tick', activitySummary, {
  input: ({ wants }) => ({ idleSeconds: wants.idleSeconds }),
});

export const activityPoll = poll('fast', 'tick', activityList, {
  input: ({ wants }) => ({ queryChars: wants.queryChars, limit: wants.activityLimit, idle: wants.idle }),
});
