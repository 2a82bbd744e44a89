import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../query.ts';
import { CURRENT_DATABASE_OID } from '../fragments.ts';

/** What makes two indexes of a table the same but for their names. */
const SAME = ['indkey', 'indclass', 'indcollation', 'indoption', 'indexprs', 'indpred'] as const;

/** As text: comparing definitions would wait behind locks. */
const same = SAME.map((one) => `t.${one}::text IS NOT DISTINCT FROM i.${one}::text`).join(' AND ');

/**
 * Whether pg_index `i` of pg_class `c` is by its name a copy of REINDEX CONCURRENTLY, and the table has another index of
 * the same definition.
 */
export const IS_COPY = `c.relname ~ '_cc(new|old)\\d*$' AND EXISTS (
    SELECT 1 FROM pg_index t WHERE t.indexrelid <> i.indexrelid AND t.indrelid = i.indrelid AND ${same}
      AND (t.indisvalid OR t.indexrelid NOT IN (SELECT oid FROM pg_class WHERE relname ~ '_cc(new|old)\\d*$')))`;

/**
 * The session `b` that seems to be building pg_index `i` now. pg_locks is everybody's to read, and the relation in a
 * progress view is not: whoever builds holds this lock from beginning to end. VACUUM and ANALYZE hold it too. The index
 * of a partitioned table waits for those that are built on its partitions.
 */
export const BUILDER = `LEFT JOIN LATERAL (
  SELECT l.pid FROM pg_locks l WHERE l.locktype = 'relation' AND (l.relation IN (i.indrelid, i.indexrelid)
      OR c.relkind = 'I' AND l.relation IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = i.indrelid))
    AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted AND l.database = ${CURRENT_DATABASE_OID}
    AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND l.pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum UNION ALL SELECT pid FROM pg_stat_progress_analyze)
  ORDER BY l.pid LIMIT 1) b ON true`;

/**
 * Indexes that take writes and serve no query: what CREATE INDEX and REINDEX CONCURRENTLY leave behind when they fail,
 * and DROP INDEX CONCURRENTLY. Of the tables named and their TOAST tables, or of all.
 */
export const reindexLeftovers = defineQuery({
  id: 'reindex.leftovers',
  variants: [
    {
      sql: `SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, coalesce(m.oid, i.indrelid) AS table_oid,
  m.oid IS NOT NULL AS toast, i.indislive AS live, pg_get_userbyid(c.relowner)::text AS owner,
  ${IS_COPY} AS copy,
  pg_has_role(current_user, c.relowner, 'USAGE') AND has_schema_privilege(n.oid, 'USAGE') AS may_drop,
  b.pid AS builder, a.application_name AS builder_name
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class m ON m.reltoastrelid = i.indrelid
${BUILDER}
LEFT JOIN pg_stat_activity a ON a.pid = b.pid
WHERE NOT i.indisvalid AND c.relkind = 'i' AND ($1::oid[] IS NULL OR coalesce(m.oid, i.indrelid) = ANY ($1::oid[]))
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`,
    },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    /** Of a TOAST table's: the table it belongs to. */
    table_oid: z.int(),
    toast: z.boolean(),
    /** False: it was being dropped. */
    live: z.boolean(),
    owner: z.string(),
    /** By its name a copy of REINDEX CONCURRENTLY, and the table has another index of the same definition. */
    copy: z.boolean(),
    /** Rebuilding takes less: MAINTAIN is no right to drop. */
    may_drop: z.boolean(),
    /** Pid of a session that seems to be building it now. */
    builder: column.int,
    builder_name: column.text,
  }),
  /** `oids` undefined: of the whole database. */
  params: ({ oids }: { oids: readonly number[] | undefined }) => [oids ?? null],
});
export type ReindexLeftover = RowOf<typeof reindexLeftovers>;

/** What is done about an invalid index: one that has a twin or was being dropped goes, another one is built again. */
export function remedyOf({
  copy,
  live,
  toast,
}: Pick<ReindexLeftover, 'copy' | 'live' | 'toast'>): 'drop' | 'rebuild' {
  return copy || !live || toast ? 'drop' : 'rebuild';
}
