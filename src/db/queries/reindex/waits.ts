import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../query.ts';
import {
  CURRENT_DATABASE_OID,
  HOLDER_COLUMNS,
  hiddenSessions,
  holderColumns,
  TABLES_AND_PARTS,
} from '../fragments.ts';

/**
 * Transactions that REINDEX CONCURRENTLY of these tables waits for if they stay open: those that hold any lock on one of
 * them, and those with a snapshot, whatever it is for. The oldest first.
 */
export const reindexWaits = defineQuery({
  id: 'reindex.waits',
  needs: 'pg_read_all_stats',
  variants: [
    {
      sql: `WITH /* pgdeck */ asked AS MATERIALIZED (
  ${TABLES_AND_PARTS}),
held AS MATERIALIZED (
  SELECT l.pid, min(format('%I.%I', n.nspname, c.relname)) AS relation
  FROM pg_locks l JOIN asked s ON s.oid = l.relation JOIN pg_class c ON c.oid = s.table_oid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE l.locktype = 'relation' AND l.granted AND l.database IN (0, ${CURRENT_DATABASE_OID}) AND l.pid IS DISTINCT FROM pg_backend_pid()
  GROUP BY l.pid)
SELECT /* pgdeck */ pid, usename, application_name, state, backend_type, xact_seconds, relation, query FROM (
  SELECT a.pid, ${HOLDER_COLUMNS}, h.relation,
    left(a.query, 120) AS query
  FROM pg_stat_activity a LEFT JOIN held h ON h.pid = a.pid
  WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND (h.pid IS NOT NULL OR a.backend_xmin IS NOT NULL)
    AND a.backend_type IS DISTINCT FROM 'walsender' AND a.pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
  UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, relation, NULL FROM held WHERE pid IS NULL) w
ORDER BY xact_seconds DESC NULLS LAST, pid`,
    },
  ],
  row: z.object({
    ...holderColumns,
    /** A table that it holds a lock on, `schema.name`; null: it only has a snapshot. */
    relation: column.text,
    query: column.text,
  }),
  params: ({ oids }: { oids: readonly number[] }) => [oids],
  partial: hiddenSessions,
});
export type ReindexWait = RowOf<typeof reindexWaits>;

/** Whom a backend waits for now; no row when it waits for nobody. */
export const reindexBlockers = defineQuery({
  id: 'reindex.blockers',
  needs: 'pg_read_all_stats',
  variants: [
    {
      sql: `SELECT /* pgdeck */ nullif(b.pid, 0) AS pid, ${HOLDER_COLUMNS}
FROM unnest(pg_blocking_pids($1::int)) b (pid) LEFT JOIN pg_stat_activity a ON a.pid = b.pid ORDER BY 1`,
    },
  ],
  row: z.object(holderColumns),
  params: ({ pid }: { pid: number }) => [pid],
});
