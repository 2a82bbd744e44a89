import { z } from 'zod';
import { BLOCK_SIZE, LOCKED_RELATIONS, STATS_SINCE } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/** Whether pg_index `i` is one by which the rows of foreign key `k` are found; so is one WHERE a column IS NOT NULL. */
const HELPS = (i: string) => `${i}.indisvalid AND ${i}.indnkeyatts >= array_length(k.conkey, 1)
      AND (${i}.indkey::int2[])[0:array_length(k.conkey, 1) - 1] @> k.conkey`;

const facts = (lastScan: string) => `WITH /* pgdeck */ locked AS MATERIALIZED (
  ${LOCKED_RELATIONS})
SELECT /* pgdeck */ c.oid, n.nspname::text AS schema, c.relname::text AS name, t.oid AS table_oid, tn.nspname::text AS table_schema, t.relname::text AS table_name,
  c.relkind::text AS kind, t.relkind::text AS table_kind, p.inhparent AS partition_of, i.indisvalid AS valid, i.indislive AS live, i.indisunique AS is_unique,
  i.indisprimary AS is_primary, i.indisreplident AND t.relreplident = 'i' AS replica_identity, i.indisclustered AS clustered,
  (SELECT k.conname::text FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x') LIMIT 1) AS constraint_name,
  ARRAY(SELECT format('%I on %I', k.conname, r.relname) FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid
    WHERE k.conindid = c.oid AND k.contype = 'f' AND k.conparentid = 0 ORDER BY 1) AS referred_by,
  ARRAY(SELECT k.conname::text FROM pg_constraint k WHERE k.conrelid = i.indrelid AND k.contype = 'f' AND ${HELPS('i')}
      AND NOT EXISTS (SELECT 1 FROM pg_index o WHERE o.indrelid = i.indrelid AND o.indexrelid <> i.indexrelid AND o.indpred IS NULL AND ${HELPS('o')})
    ORDER BY 1) AS only_for,
  EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid IN (c.oid, t.oid) AND d.deptype = 'e') AS of_extension,
  t.oid < 16384 OR n.nspname ~ '^pg_' AS system, pg_get_userbyid(c.relowner)::text AS owner, pg_has_role(current_user, c.relowner, 'USAGE') AS owned,
  c.relpages * ${BLOCK_SIZE} AS est_bytes, pg_stat_get_numscans(c.oid)::float8 AS idx_scan, ${lastScan} AS last_idx_scan, ${STATS_SINCE}::text AS stats_since,
  obj_description(c.oid, 'pg_class') AS comment, (SELECT spcname::text FROM pg_tablespace WHERE oid = c.reltablespace) AS tablespace,
  (SELECT jsonb_agg(jsonb_build_object('column', a.attnum, 'target', a.attstattarget) ORDER BY a.attnum) FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attstattarget >= 0)::text AS statistics,
  -- it waits behind an exclusive lock
  CASE WHEN NOT EXISTS (SELECT 1 FROM locked l WHERE l.relation IN (c.oid, t.oid)) THEN pg_get_indexdef(c.oid) END AS definition
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
LEFT JOIN pg_inherits p ON c.relispartition AND p.inhrelid = c.oid
WHERE c.oid = ANY ($1::oid[]) OR i.indrelid = ANY ($2::oid[])
ORDER BY c.oid`;

/** What is to be known of indexes before one is dropped, and what it takes to have it again: those named, those of tables. */
export const indexFacts = defineQuery({
  id: 'indexes.facts',
  variants: [
    { max: 15, sql: facts('NULL::text') },
    { min: 16, sql: facts('pg_stat_get_lastscan(c.oid)::text') },
  ],
  row: z.object({
    oid: z.int(),
    schema: z.string(),
    name: z.string(),
    table_oid: z.int(),
    table_schema: z.string(),
    table_name: z.string(),
    /** `I`: of a partitioned table. */
    kind: z.enum(['i', 'I']),
    /** `m`: a materialized view. */
    table_kind: z.string(),
    partition_of: column.int,
    valid: z.boolean(),
    /** False: it was being dropped. */
    live: z.boolean(),
    is_unique: z.boolean(),
    is_primary: z.boolean(),
    replica_identity: z.boolean(),
    /** CLUSTER goes by it. */
    clustered: z.boolean(),
    constraint_name: column.text,
    /** Foreign keys that need it to refer to its table. */
    referred_by: z.array(z.string()),
    /** Foreign keys of its table that no other index helps. */
    only_for: z.array(z.string()),
    of_extension: z.boolean(),
    system: z.boolean(),
    owner: z.string(),
    owned: z.boolean(),
    /** As of the last VACUUM or ANALYZE. */
    est_bytes: z.number(),
    idx_scan: z.number(),
    /** 16 and later. */
    last_idx_scan: column.time,
    stats_since: column.time,
    comment: column.text,
    /** Null: the database's own. */
    tablespace: column.text,
    /** JSON of `{column, target}` for each column that has a statistics target; null for none. */
    statistics: column.text,
    /** Null while its table is locked. */
    definition: column.text,
  }),
  params: ({ oids, tables }: { oids: readonly number[]; tables: readonly number[] }) => [oids, tables],
});
export type IndexFacts = RowOf<typeof indexFacts>;

/** The definition of an index, once its table is not locked. */
export const indexDefinition = defineQuery({
  id: 'indexes.definition',
  variants: [{ sql: 'SELECT /* pgdeck */ pg_get_indexdef($1::oid) AS definition' }],
  row: z.object({ definition: column.text }),
  params: ({ oid }: { oid: number }) => [oid],
});
