import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../query.ts';

/** What is about to be replaced: its size, and what tells how new its contents are. */
export const restoreLive = defineQuery({
  id: 'restore.live',
  variants: [
    {
      sql: `SELECT /* pgdeck */ CASE WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')
    THEN pg_database_size(d.oid)::float8 END AS bytes,
  (s.tup_inserted + s.tup_updated + s.tup_deleted)::float8 AS rows_written,
  to_char(s.stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS since,
  -- of the whole cluster, and only where it is recorded
  CASE WHEN current_setting('track_commit_timestamp') = 'on' THEN
    (SELECT to_char(c.timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM pg_last_committed_xact() c) END AS last_commit,
  (SELECT extract(epoch FROM now() - max(a.query_start))::float8 FROM pg_stat_activity a
    WHERE a.datid = d.oid AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()) AS last_statement_seconds
FROM pg_database d LEFT JOIN pg_stat_database s ON s.datid = d.oid WHERE d.oid = $1::int8::oid`,
    },
  ],
  row: z.object({
    bytes: column.float,
    rows_written: column.float,
    since: column.text,
    last_commit: column.text,
    last_statement_seconds: column.float,
  }),
  params: ({ oid }: { oid: number }) => [oid],
});
export type RestoreLive = RowOf<typeof restoreLive>;

const roles = (
  membership: string,
) => `SELECT /* pgdeck */ r AS name, to_regrole(quote_ident(r)) IS NOT NULL AS known,
  pg_has_role(current_user, to_regrole(quote_ident(r))::oid, '${membership}') AS usable,
  EXISTS (SELECT FROM pg_roles s WHERE s.rolsuper AND pg_has_role(to_regrole(quote_ident(r))::oid, s.oid, 'MEMBER')) AS super
FROM unnest($1::text[]) r ORDER BY r`;

/** Which roles there are, and which of them this role can give objects to. */
export const restoreRoles = defineQuery({
  id: 'restore.roles',
  variants: [
    { max: 15, sql: roles('MEMBER') },
    // being a member is one thing, SET ROLE another since 16
    { min: 16, sql: roles('SET') },
  ],
  row: z.object({ name: z.string(), known: z.boolean(), usable: column.bool, super: z.boolean() }),
  params: ({ roles: names }: { roles: readonly string[] }) => [names],
});

/** Which extensions can be created here, and by whom. */
export const restoreExtensions = defineQuery({
  id: 'restore.extensions',
  variants: [
    {
      sql: `SELECT /* pgdeck */ e AS name, v.known, coalesce(v.open, false) AS open
FROM unnest($1::text[]) e, LATERAL (SELECT count(*) > 0 AS known, bool_or(trusted OR NOT superuser) AS open
  FROM pg_available_extension_versions WHERE name = e) v ORDER BY e`,
    },
  ],
  row: z.object({
    name: z.string(),
    known: z.boolean(),
    /** Owners of databases may create it, not only superusers. */
    open: z.boolean(),
  }),
  params: ({ extensions }: { extensions: readonly string[] }) => [extensions],
});

/** Which of these tablespaces do not exist. */
export const restoreTablespaces = defineQuery({
  id: 'restore.tablespaces',
  variants: [
    {
      sql: `SELECT /* pgdeck */ t AS name FROM unnest($1::text[]) t
WHERE NOT EXISTS (SELECT FROM pg_tablespace s WHERE s.spcname = t) ORDER BY t`,
    },
  ],
  row: z.object({ name: z.string() }),
  params: ({ tablespaces }: { tablespaces: readonly string[] }) => [tablespaces],
});

/** Where a database's files and WAL are; null where this role may not know. */
export const restoreDirectories = defineQuery({
  id: 'restore.directories',
  variants: [
    {
      sql: `SELECT /* pgdeck */ CASE WHEN pg_tablespace_location(d.dattablespace) <> '' THEN pg_tablespace_location(d.dattablespace)
    ELSE data.directory END AS directory,
  -- often a link to another disk
  data.directory || '/pg_wal' AS wal_directory,
  (SELECT setting::float8 * 1048576 FROM pg_settings WHERE name = 'max_wal_size') AS wal_bytes
FROM pg_database d, (SELECT (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS directory) data WHERE d.datname = $1`,
    },
  ],
  row: z.object({ directory: column.text, wal_directory: column.text, wal_bytes: column.float }),
  params: ({ database }: { database: string }) => [database],
});

/** How much of this database is in which tablespace; its own has no name. */
export const restoreSpread = defineQuery({
  id: 'restore.spread',
  variants: [
    {
      sql: `SELECT /* pgdeck */ coalesce(t.spcname::text, '') AS name, coalesce(sum(pg_relation_size(c.oid)), 0)::float8 AS bytes
FROM pg_class c LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace AND c.reltablespace <> 0
WHERE c.relkind IN ('r', 'i', 't', 'm', 'S') AND NOT c.relisshared GROUP BY 1 ORDER BY 1`,
    },
  ],
  row: z.object({ name: z.string(), bytes: z.number() }),
});

/** Where these tablespaces are; those that do not exist are left out. */
export const restoreLocations = defineQuery({
  id: 'restore.locations',
  variants: [
    {
      sql: `SELECT /* pgdeck */ spcname::text AS name, pg_tablespace_location(oid) AS directory
FROM pg_tablespace WHERE spcname = ANY ($1::text[])`,
    },
  ],
  row: z.object({ name: z.string(), directory: z.string() }),
  params: ({ tablespaces }: { tablespaces: readonly string[] }) => [tablespaces],
});
