import { z } from 'zod';
import { LOCKED_RELATIONS, tablespaceDirectory } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/**
 * What maintenance changes of the tables named. A size function waits behind an AccessExclusiveLock that is held or
 * awaited, so such tables have no sizes (`busy`).
 */
export const maintainMeasure = defineQuery({
  id: 'maintain.measure',
  variants: [
    {
      sql: `WITH /* pgdeck */ locked AS MATERIALIZED (
  ${LOCKED_RELATIONS}),
asked AS MATERIALIZED (
  SELECT c.oid, c.reltablespace, EXISTS (SELECT 1 FROM locked l WHERE l.relation IN (c.oid, c.reltoastrelid)
      OR l.relation IN (SELECT indexrelid FROM pg_index WHERE indrelid IN (c.oid, c.reltoastrelid))) AS busy
  FROM pg_class c WHERE c.oid = ANY ($1::oid[]))
SELECT /* pgdeck */ a.oid, a.busy, CASE WHEN NOT busy THEN pg_total_relation_size(a.oid) END::float8 AS total_bytes,
  CASE WHEN NOT busy THEN coalesce(pg_relation_size(a.oid), 0) END::float8 / current_setting('block_size')::float8 AS pages,
  pg_stat_get_dead_tuples(a.oid)::float8 AS dead, pg_stat_get_mod_since_analyze(a.oid)::float8 AS mods, pg_relation_filenode(a.oid)::text AS filenode,
  pg_stat_get_last_vacuum_time(a.oid)::text AS last_vacuum, pg_stat_get_last_analyze_time(a.oid)::text AS last_analyze,
  s.spcname::text AS tablespace,
  ${tablespaceDirectory('s.oid')} AS directory
FROM asked a JOIN pg_database d ON d.datname = current_database()
JOIN pg_tablespace s ON s.oid = coalesce(nullif(a.reltablespace, 0), d.dattablespace)`,
    },
  ],
  row: z.object({
    oid: z.int(),
    busy: z.boolean(),
    /** Heap, TOAST and indexes; null when busy. */
    total_bytes: column.float,
    /** Of the heap. */
    pages: column.float,
    dead: column.float,
    /** Rows changed since the last ANALYZE. */
    mods: column.float,
    /** Another one after the table was rewritten. */
    filenode: column.text,
    /** By a command, not by autovacuum; VACUUM FULL is not counted as one. */
    last_vacuum: column.time,
    last_analyze: column.time,
    tablespace: z.string(),
    /** Where it is on the server; null where this role may not know. */
    directory: column.text,
  }),
  params: ({ oids }: { oids: readonly number[] }) => [oids],
});
export type MaintainMeasure = RowOf<typeof maintainMeasure>;
