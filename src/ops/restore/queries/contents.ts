import { z } from 'zod';
import { column, defineQuery } from '../../../db/query.ts';

const USER_SCHEMA = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`;
const NOT_OF_EXTENSION = (catalog: string, oid: string) =>
  `NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = '${catalog}'::regclass AND x.objid = ${oid} AND x.deptype = 'e')`;

/** How many things somebody has put into a database; extensions and what belongs to them do not count. */
export const contentsCount = defineQuery({
  id: 'restore.contents',
  variants: [
    {
      sql: `SELECT /* pgdeck */
  (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE ${USER_SCHEMA} AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND ${NOT_OF_EXTENSION('pg_class', 'c.oid')})::int AS relations,
  ((SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${USER_SCHEMA} AND ${NOT_OF_EXTENSION('pg_proc', 'p.oid')})
  + (SELECT count(*) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE ${USER_SCHEMA} AND t.typtype IN ('e', 'd', 'r')
      AND ${NOT_OF_EXTENSION('pg_type', 't.oid')})
  + (SELECT count(*) FROM pg_namespace n WHERE ${USER_SCHEMA} AND n.nspname <> 'public' AND ${NOT_OF_EXTENSION('pg_namespace', 'n.oid')})
  + (SELECT count(*) FROM pg_largeobject_metadata))::int AS others,
  (SELECT array_agg(extname::text ORDER BY extname) FROM pg_extension) AS extensions`,
    },
  ],
  row: z.object({ relations: z.int(), others: z.int(), extensions: z.array(z.string()) }),
});

/** Tables and materialized views that hold rows of their own, by name. */
export const contentsTables = defineQuery({
  id: 'restore.tables',
  variants: [
    {
      sql: `SELECT /* pgdeck */ n.nspname::text AS schema, c.relname::text AS name, c.relkind = 'm' AS matview, c.relispopulated AS populated
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE ${USER_SCHEMA} AND c.relkind IN ('r', 'm') AND c.relpersistence <> 't' ORDER BY 1, 2`,
    },
  ],
  row: z.object({ schema: z.string(), name: z.string(), matview: z.boolean(), populated: z.boolean() }),
});

/** What a load can leave unfinished. An invalid index of a partitioned table is one that lacks partitions, as before. */
export const contentsFlaws = defineQuery({
  id: 'restore.flaws',
  variants: [
    {
      sql: `SELECT /* pgdeck */
  (SELECT array_agg(format('%I.%I', n.nspname, c.relname) ORDER BY 1) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND c.relkind = 'i') AS invalid_indexes,
  (SELECT count(*)::int FROM pg_constraint WHERE NOT convalidated) AS unvalidated_constraints,
  (SELECT count(*)::int FROM pg_largeobject_metadata) AS large_objects`,
    },
  ],
  row: z.object({
    invalid_indexes: z.array(z.string()).nullable(),
    unvalidated_constraints: z.int(),
    large_objects: z.int(),
  }),
});

/** Sequences and where they stand; null: never used. */
export const contentsSequences = defineQuery({
  id: 'restore.sequences',
  variants: [
    {
      sql: `SELECT /* pgdeck */ schemaname::text AS schema, sequencename::text AS name, last_value::text FROM pg_sequences
WHERE schemaname !~ '^pg_'`,
    },
  ],
  row: z.object({ schema: z.string(), name: z.string(), last_value: column.text }),
});

/** COPY commands of a run in this database, by table. */
export const contentsCopying = defineQuery({
  id: 'restore.copying',
  unavailable: ({ major }) =>
    major < 14 ? { reason: 'PostgreSQL 13 does not tell how far COPY is.' } : undefined,
  variants: [
    {
      min: 14,
      sql: `SELECT /* pgdeck */ p.pid, n.nspname::text AS schema, c.relname::text AS name, p.bytes_processed::float8 AS bytes
FROM pg_stat_progress_copy p JOIN pg_stat_activity a ON a.pid = p.pid
  JOIN pg_class c ON c.oid = p.relid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.application_name = $1 AND p.datname = current_database() AND p.command = 'COPY FROM'`,
    },
  ],
  row: z.object({ pid: z.int(), schema: z.string(), name: z.string(), bytes: z.number() }),
  params: ({ applicationName }: { applicationName: string }) => [applicationName],
});
