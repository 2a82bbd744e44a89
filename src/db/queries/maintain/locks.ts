import { z } from 'zod';
import { CONFLICTS, type LockMode } from '../../lock-modes.ts';
import { column, defineQuery, type RowOf } from '../../query.ts';
import { CURRENT_DATABASE_OID, HOLDER_COLUMNS, holderColumns, TABLES_AND_PARTS } from '../fragments.ts';

/** The table locks that maintenance and checks take. */
export type MaintenanceLock = Extract<
  LockMode,
  | 'AccessShareLock'
  | 'RowExclusiveLock'
  | 'ShareUpdateExclusiveLock'
  | 'ShareLock'
  | 'ShareRowExclusiveLock'
  | 'AccessExclusiveLock'
>;

/** Who holds, or waits for, a lock that conflicts with `mode` on one of the tables, its TOAST table or their indexes. */
export const lockHolders = defineQuery({
  id: 'maintain.lock_holders',
  variants: [
    {
      sql: `WITH /* pgdeck */ asked AS MATERIALIZED (
  ${TABLES_AND_PARTS}),
held AS MATERIALIZED (
  SELECT s.table_oid, l.pid, bool_or(l.granted) AS granted
  FROM pg_locks l JOIN asked s ON s.oid = l.relation
  WHERE l.locktype = 'relation' AND l.mode = ANY ($2::text[]) AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND l.database IN (0, ${CURRENT_DATABASE_OID})
  GROUP BY 1, 2)
SELECT /* pgdeck */ h.table_oid, format('%I.%I', n.nspname, c.relname) AS relation, h.pid, h.granted,
  ${HOLDER_COLUMNS}, left(a.query, 120) AS query
FROM held h JOIN pg_class c ON c.oid = h.table_oid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_activity a ON a.pid = h.pid
ORDER BY h.granted DESC, a.xact_start NULLS LAST, h.pid`,
    },
  ],
  row: z.object({
    table_oid: z.int(),
    /** `schema.table`, quoted where SQL needs it. */
    relation: z.string(),
    ...holderColumns,
    /** False: it only waits for it, and is ahead in the queue. */
    granted: z.boolean(),
    query: column.text,
  }),
  params: ({ oids, mode }: { oids: readonly number[]; mode: MaintenanceLock }) => [oids, CONFLICTS[mode]],
});
export type LockHolder = RowOf<typeof lockHolders>;
