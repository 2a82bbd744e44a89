import { z } from 'zod';
import { LOCKED_RELATIONS } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/**
 * The indexes of the tables named and of their TOAST tables, as they are now. A size function waits behind an
 * AccessExclusiveLock that is held or awaited, so such indexes have no sizes.
 */
export const reindexMeasure = defineQuery({
  id: 'reindex.measure',
  variants: [
    {
      sql: `WITH /* pgdeck */ locked AS MATERIALIZED (
  ${LOCKED_RELATIONS}),
r AS MATERIALIZED (
  SELECT c.oid AS table_oid, x.oid FROM pg_class c CROSS JOIN LATERAL (VALUES (c.oid), (c.reltoastrelid)) x (oid)
  WHERE c.oid = ANY ($1::oid[]))
SELECT /* pgdeck */ i.indexrelid AS oid, r.table_oid, n.nspname::text AS schema, c.relname::text AS name, i.indisvalid AS valid,
  CASE WHEN NOT EXISTS (SELECT 1 FROM locked l WHERE l.relation IN (i.indexrelid, i.indrelid))
    THEN pg_relation_size(i.indexrelid) END::float8 AS bytes,
  current_setting('block_size')::float8 AS block_size, pg_relation_filenode(i.indexrelid)::text AS filenode
FROM r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'i' ORDER BY i.indexrelid`,
    },
  ],
  row: z.object({
    oid: z.int(),
    table_oid: z.int(),
    schema: z.string(),
    name: z.string(),
    valid: z.boolean(),
    /** Null where it is locked. */
    bytes: column.float,
    block_size: z.number(),
    /** Another one once it was rebuilt. */
    filenode: column.text,
  }),
  params: ({ oids }: { oids: readonly number[] }) => [oids],
});
export type ReindexMeasure = RowOf<typeof reindexMeasure>;
