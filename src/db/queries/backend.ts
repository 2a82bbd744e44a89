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
  a.client_port, ${queryId} AS query_id, left(a.query, 100000) AS query
FROM pg_stat_activity a
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
    client_port: column.int,
    query_id: column.text,
    query: column.text,
  }),
  params: ({ pid, backendStart }: { pid: number; backendStart: number | null }) => [pid, backendStart],
});

function locks(waitSeconds: string): string {
  return `SELECT /* pgdeck */ l.locktype, l.mode, l.granted, ${relationName('l.relation', 'r')} AS relation,
  CASE l.locktype WHEN 'page' THEN 'page ' || l.page WHEN 'tuple' THEN format('(%s,%s)', l.page, l.tuple)
    WHEN 'transactionid' THEN l.transactionid::text WHEN 'virtualxid' THEN l.virtualxid
    -- one key of 64 bits, or two of 32
    WHEN 'advisory' THEN CASE l.objsubid WHEN 1 THEN ((l.classid::int8 << 32) | l.objid::int8)::text
      ELSE format('%s, %s', l.classid::int8::bit(32)::int, l.objid::int8::bit(32)::int) END
    WHEN 'object' THEN concat_ws(' ', o.relname, l.objid) END AS object,
  ${waitSeconds} AS wait_seconds
FROM pg_locks l LEFT JOIN pg_class o ON o.oid = l.classid AND l.locktype = 'object'
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
    locktype: z.string(),
    mode: z.string(),
    granted: z.boolean(),
    /** `schema.name` in the connected database, else the oid; null for a lock on anything but a relation. */
    relation: column.text,
    /** What is locked where it is no whole relation: a row, a transaction id, an advisory key, a catalog entry. */
    object: column.text,
    wait_seconds: column.float,
  }),
  params: ({ pid, limit }: { pid: number; limit: number }) => [pid, limit],
});
