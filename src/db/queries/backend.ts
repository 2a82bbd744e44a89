import { z } from 'zod';
import { column, defineQuery } from '../query.ts';
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

function detail(queryId: string): string {
  return `SELECT /* pgdeck */ a.pid, ${SESSION_COLUMNS}, ${DURATION_COLUMNS}, ${since('a.backend_start')} AS backend_seconds,
  a.client_hostname, a.client_port, a.backend_start::text, a.xact_start::text, a.query_start::text, a.state_change::text,
  a.backend_xid::text, a.backend_xmin::text, age(a.backend_xid) AS xid_age, age(a.backend_xmin) AS xmin_age, ${queryId} AS query_id,
  -- only for one that waits: the function stops all lock traffic for a moment
  CASE WHEN EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted) THEN pg_blocking_pids(a.pid) ELSE '{}' END AS blocked_by,
  s.ssl, s.version AS ssl_version, left(a.query, 100000) AS query
FROM pg_stat_activity a LEFT JOIN pg_stat_ssl s ON s.pid = a.pid
WHERE a.pid = $1::int AND ($2::int8 IS NULL OR (date_part('epoch', a.backend_start) * 1000000)::int8 = $2::int8)`;
}

/** Everything about one backend, with its whole query text; no row when it is gone or its pid has a new owner. */
export const backendDetail = defineQuery({
  id: 'backend.detail',
  needs: 'pg_read_all_stats',
  variants: [
    { max: 13, sql: detail('NULL::text') },
    { min: 14, sql: detail('a.query_id::text') },
  ],
  partial: hiddenSessions,
  row: z.object({
    pid: z.int(),
    ...sessionColumns,
    ...durationColumns,
    /** Since it connected. */
    backend_seconds: column.float,
    client_hostname: column.text,
    client_port: column.int,
    backend_start: column.time,
    xact_start: column.time,
    query_start: column.time,
    state_change: column.time,
    backend_xid: column.text,
    backend_xmin: column.text,
    xid_age: column.int,
    xmin_age: column.int,
    query_id: column.text,
    /** Empty when it does not wait for a lock; 0 is a prepared transaction. */
    blocked_by: z.array(z.int()),
    ssl: column.bool,
    ssl_version: column.text,
    query: column.text,
  }),
  params: ({ pid, backendStart }: { pid: number; backendStart: number | null }) => [pid, backendStart],
});

function locks(waitSeconds: string): string {
  return `SELECT /* pgdeck */ l.pid, l.locktype, l.mode, l.granted, l.fastpath, ${relationName('l.relation', 'r')} AS relation,
  l.relation AS relation_oid, d.datname::text AS lock_datname,
  CASE l.locktype WHEN 'page' THEN 'page ' || l.page WHEN 'tuple' THEN format('(%s,%s)', l.page, l.tuple)
    WHEN 'transactionid' THEN l.transactionid::text WHEN 'virtualxid' THEN l.virtualxid
    -- one key of 64 bits, or two of 32
    WHEN 'advisory' THEN CASE l.objsubid WHEN 1 THEN ((l.classid::int8 << 32) | l.objid::int8)::text
      ELSE format('%s, %s', l.classid::int8::bit(32)::int, l.objid::int8::bit(32)::int) END
    WHEN 'object' THEN concat_ws(' ', o.relname, l.objid) END AS object,
  ${waitSeconds} AS wait_seconds
FROM pg_locks l LEFT JOIN pg_database d ON d.oid = l.database LEFT JOIN pg_class o ON o.oid = l.classid AND l.locktype = 'object'
  ${relationJoin('l.relation', 'l.database', 'r')}
WHERE l.pid = $1::int
ORDER BY l.granted, l.locktype <> 'relation', relation, l.mode
LIMIT $2::int`;
}

/** The locks that one backend holds or waits for, the awaited one first. */
export const backendLocks = defineQuery({
  id: 'backend.locks',
  variants: [
    { max: 13, sql: locks('NULL::float8') },
    { min: 14, sql: locks(since('l.waitstart')) },
  ],
  row: z.object({
    pid: z.int(),
    locktype: z.string(),
    mode: z.string(),
    granted: z.boolean(),
    fastpath: z.boolean(),
    /** `schema.name` in the connected database, else the oid; null for a lock on anything but a relation. */
    relation: column.text,
    relation_oid: column.int,
    lock_datname: column.text,
    /** What is locked where it is no whole relation: a row, a transaction id, an advisory key, a catalog entry. */
    object: column.text,
    wait_seconds: column.float,
  }),
  params: ({ pid, limit }: { pid: number; limit: number }) => [pid, limit],
});
