import { z } from 'zod';
import { column, defineQuery } from '../../../db/query.ts';

const USER_SCHEMA = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;
const NOT_OF_EXTENSION = (catalog: string, oid: string) =>
  `NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = '${catalog}'::regclass AND x.objid = ${oid} AND x.deptype = 'e')`;

/** Tables with rows of their own, about how many, and how large they are: what a dump may lack. */
export const wholeTables = defineQuery({
  id: 'restore.whole.tables',
  variants: [
    {
      sql: `SELECT /* pgdeck */ n.nspname::text AS schema, c.relname::text AS name, pg_relation_size(c.oid)::float8 AS bytes,
  CASE WHEN c.reltuples >= 0 AND c.relpages > 0 THEN c.reltuples::float8 ELSE greatest(pg_stat_get_live_tuples(c.oid), 0)::float8 END AS about,
  has_table_privilege(c.oid, 'SELECT') AS readable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE ${USER_SCHEMA} AND c.relkind = 'r' AND c.relpersistence <> 't' AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')} ORDER BY 1, 2`,
    },
  ],
  row: z.object({
    schema: z.string(),
    name: z.string(),
    bytes: column.float,
    about: z.number(),
    readable: z.boolean(),
  }),
});

/** Other objects that somebody has made: `schema.name`, or the name of what is in no schema. */
export const wholeObjects = defineQuery({
  id: 'restore.whole.objects',
  variants: [
    {
      sql: `SELECT /* pgdeck */
  (SELECT array_agg(n.nspname || '.' || c.relname ORDER BY n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE ${USER_SCHEMA} AND c.relkind = 'S' AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i'))) AS sequences,
  (SELECT array_agg(n.nspname || '.' || c.relname ORDER BY n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE ${USER_SCHEMA} AND c.relkind IN ('v', 'm') AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}) AS views,
  (SELECT array_agg(n.nspname::text ORDER BY n.nspname) FROM pg_namespace n
    WHERE ${USER_SCHEMA} AND n.nspname <> 'public' AND ${NOT_OF_EXTENSION('pg_namespace', 'n.oid')}) AS schemas,
  (SELECT array_agg(extname::text ORDER BY extname) FROM pg_extension WHERE extname <> 'plpgsql') AS extensions,
  (SELECT count(*)::int FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE ${USER_SCHEMA} AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')}) AS indexes,
  (SELECT count(*)::int FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE ${USER_SCHEMA} AND ${NOT_OF_EXTENSION('pg_proc', 'p.oid')}) AS functions,
  (SELECT count(*)::int FROM pg_largeobject_metadata) AS large_objects`,
    },
  ],
  row: z.object({
    sequences: z.array(z.string()).nullable(),
    views: z.array(z.string()).nullable(),
    schemas: z.array(z.string()).nullable(),
    extensions: z.array(z.string()).nullable(),
    indexes: z.int(),
    functions: z.int(),
    large_objects: z.int(),
  }),
});
