import { column, type Denial } from '../query.ts';
import { grant, type Server } from '../server.ts';

/** Whether this role sees what other roles' sessions do. */
export function seesEverySession(server: Server): boolean {
  return server.rights.superuser || server.rights.pg_read_all_stats;
}

/** The `partial` of every query over sessions: without the grant PostgreSQL answers, with NULL in most columns. */
export function hiddenSessions(server: Server): Denial | undefined {
  if (seesEverySession(server)) return undefined;
  return { reason: 'Other roles’ sessions are hidden.', remedy: grant('pg_read_all_stats', server) };
}

/** A number of seconds that can be taken from today: no session is that old, and further back there are no timestamps. */
export const ageSeconds = (seconds: number): number => Math.min(seconds, 1e9);

/**
 * Seconds from a time until now on the server's clock, float8. date_part, because extract() is numeric from 14 on:
 * slower, and text in node-pg.
 */
export function since(time: string): string {
  return `date_part('epoch', clock_timestamp() - ${time})`;
}

/** Microseconds since 1970 as float8. A double keeps a time's microseconds exactly until 2106. */
export function microseconds(time: string): string {
  return `round(date_part('epoch', ${time}) * 1000000)`;
}

/** The server's clock in milliseconds: the time base of every rate. */
export const SERVER_MS = "date_part('epoch', clock_timestamp()) * 1000 AS server_ms";

/**
 * Where WAL has come to on this server: written here on a primary; received or, from an archive, replayed on a standby.
 * After a restart the position received is the start of its segment, behind what is replayed.
 */
export const CURRENT_LSN = `(SELECT CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
    ELSE pg_current_wal_lsn() END)`;

/**
 * Since when this database's activity is counted at the latest; NULL: not known. A crash empties the statistics of
 * databases and says so only in those of the server.
 */
export const STATS_SINCE = `greatest((SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()),
    least((SELECT stats_reset FROM pg_stat_bgwriter), (SELECT stats_reset FROM pg_stat_archiver)))`;

/**
 * Whether VACUUM, ANALYZE or CREATE INDEX has noted the size of the table pg_class `t` and of its indexes: before, relpages
 * is 0, or what there was when it was made, however much has come since. From 14 on reltuples tells by -1.
 */
export const sizeNoted = (t: string): string =>
  `(${t}.reltuples >= 0 AND (${t}.relpages > 0 OR pg_stat_get_live_tuples(${t}.oid) = 0))`;

export const BLOCK_SIZE = "current_setting('block_size')::float8";

export const CURRENT_DATABASE_OID = '(SELECT oid FROM pg_database WHERE datname = current_database())';

/**
 * Where a tablespace is on the server. An empty location is the data directory, which not everybody may know: NULL then.
 */
export function tablespaceDirectory(oid: string): string {
  return `coalesce(nullif(pg_tablespace_location(${oid}), ''), (SELECT setting FROM pg_settings WHERE name = 'data_directory'))`;
}

/**
 * Relations of this database, and shared ones, that others hold or await exclusively: a size function would wait behind
 * them.
 */
export const LOCKED_RELATIONS = `SELECT DISTINCT relation FROM pg_locks WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
    AND database IN (0, ${CURRENT_DATABASE_OID}) AND pid IS DISTINCT FROM pg_backend_pid()`;

/** The tables of parameter $1, their TOAST tables and the indexes of both, as `table_oid, oid`. */
export const TABLES_AND_PARTS = `SELECT c.oid AS table_oid, r.oid FROM pg_class c CROSS JOIN LATERAL (
    SELECT c.oid UNION ALL SELECT c.reltoastrelid
    UNION ALL SELECT indexrelid FROM pg_index WHERE indrelid IN (c.oid, c.reltoastrelid)) r
  WHERE c.oid = ANY ($1::oid[]) AND r.oid <> 0`;

/** Who is in the way of maintenance, beside its pid, read from pg_stat_activity `a`. */
export const HOLDER_COLUMNS = `a.usename::text, a.application_name, a.state, a.backend_type, ${since('a.xact_start')} AS xact_seconds`;

export const holderColumns = {
  /** Null: a prepared transaction, which has no backend. */
  pid: column.int,
  usename: column.text,
  application_name: column.text,
  state: column.text,
  backend_type: column.text,
  xact_seconds: column.float,
} as const;

/**
 * The name of a relation that may belong to another database. Joins the catalog, because a cast to regclass raises an
 * error for a relation dropped meanwhile; add {@link relationJoin}.
 */
export function relationName(oid: string, alias: string): string {
  return `CASE WHEN ${alias}_c.oid IS NULL THEN nullif(${oid}, 0)::text ELSE format('%I.%I', ${alias}_n.nspname, ${alias}_c.relname) END`;
}

/**
 * The joins that {@link relationName} reads; only the current database's and shared relations have names here. OFFSET keeps
 * the planner, who expects hundreds of rows of pg_locks, from reading all of pg_class: 12 of 15 ms with 10,000 tables.
 */
export function relationJoin(oid: string, database: string, alias: string): string {
  return `LEFT JOIN LATERAL (SELECT oid, relname, relnamespace FROM pg_class
    WHERE oid = ${oid} AND ${database} IN (0, ${CURRENT_DATABASE_OID}) OFFSET 0) ${alias}_c ON true
  LEFT JOIN pg_namespace ${alias}_n ON ${alias}_n.oid = ${alias}_c.relnamespace`;
}

/** Who a session is, beside its pid, read from pg_stat_activity `a`. NULL where the role may not see it. */
export const SESSION_COLUMNS = `a.leader_pid, ${microseconds('a.backend_start')} AS backend_start_us,
  ${microseconds('a.query_start')} AS query_start_us, a.backend_type, a.datname::text, a.usename::text, a.application_name,
  coalesce(host(a.client_addr), CASE WHEN a.client_port = -1 THEN 'local' END) AS client_addr,
  a.state, a.wait_event_type, a.wait_event`;

export const sessionColumns = {
  leader_pid: column.int,
  /** With the pid: the identity of a backend. */
  backend_start_us: column.float,
  query_start_us: column.float,
  backend_type: column.text,
  datname: column.text,
  usename: column.text,
  application_name: column.text,
  /** Host address, or `local` for a Unix socket. */
  client_addr: column.text,
  state: column.text,
  wait_event_type: column.text,
  wait_event: column.text,
} as const;

/** How long, read from pg_stat_activity `a`. */
export const DURATION_COLUMNS = `${since('a.xact_start')} AS xact_seconds,
  CASE WHEN a.state <> 'idle' THEN ${since('a.query_start')} END AS query_seconds,
  ${since('a.state_change')} AS state_seconds,
  CASE WHEN a.state = 'active' THEN ${since('a.query_start')} ELSE ${since('a.state_change')} END AS duration_seconds`;

export const durationColumns = {
  xact_seconds: column.float,
  /** Since the start of the current or last query; null when idle. */
  query_seconds: column.float,
  /** Since the last change of state. */
  state_seconds: column.float,
  /** In the current state: an active session since its query began, any other since it became what it is. */
  duration_seconds: column.float,
} as const;
