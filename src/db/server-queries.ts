import { z } from 'zod';
import { column, defineQuery } from './query.ts';

export const roleQuery = defineQuery({
  id: 'server.role',
  variants: [
    {
      sql: `SELECT /* pgdeck */
  current_setting('server_version_num')::int AS version_num,
  current_setting('server_version') AS version,
  current_user::text AS usename, current_database()::text AS datname,
  (SELECT oid::int8::text FROM pg_catalog.pg_database WHERE datname = current_database()) AS datoid,
  r.rolsuper AS superuser,
  pg_is_in_recovery() AS standby,
  pg_has_role(current_user, 'pg_monitor', 'USAGE') AS pg_monitor,
  pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS pg_read_all_stats,
  pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') AS pg_read_all_settings,
  pg_has_role(current_user, 'pg_signal_backend', 'USAGE') AS pg_signal_backend,
  pg_has_role(current_user, 'pg_stat_scan_tables', 'USAGE') AS pg_stat_scan_tables,
  -- the role exists from 18 on
  CASE WHEN to_regrole('pg_signal_autovacuum_worker') IS NULL THEN r.rolsuper
       ELSE pg_has_role(current_user, to_regrole('pg_signal_autovacuum_worker')::oid, 'USAGE') END AS pg_signal_autovacuum_worker,
  (extract(epoch FROM pg_postmaster_start_time()) * 1000)::float8 AS started_at
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`,
    },
  ],
  row: z.object({
    version_num: z.int(),
    version: z.string(),
    usename: z.string(),
    datname: z.string(),
    datoid: z.string().transform(Number),
    superuser: z.boolean(),
    standby: z.boolean(),
    pg_monitor: z.boolean(),
    pg_read_all_stats: z.boolean(),
    pg_read_all_settings: z.boolean(),
    pg_signal_backend: z.boolean(),
    pg_stat_scan_tables: z.boolean(),
    pg_signal_autovacuum_worker: z.boolean(),
    started_at: z.number(),
  }),
});

/** Who this session is on the server. */
export const backendQuery = defineQuery({
  id: 'server.backend',
  variants: [
    {
      sql: `SELECT /* pgdeck */ pid, round(date_part('epoch', backend_start) * 1000000) AS backend_start_us,
  nullif(client_port, -1) AS client_port
FROM pg_stat_get_activity(pg_backend_pid())`,
    },
  ],
  row: z.object({ pid: z.int(), backend_start_us: column.float, client_port: column.int }),
});

const EXTENSIONS = ['pg_stat_statements', 'pgstattuple', 'hypopg'];

export const extensionsQuery = defineQuery({
  id: 'server.extensions',
  variants: [
    {
      sql: `SELECT /* pgdeck */ e.extname::text, e.extversion, n.nspname::text AS schema, has_schema_privilege(n.oid, 'USAGE') AS usable,
  -- to_regclass() raises an error where the role has no USAGE on the schema
  (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = n.oid AND c.relname = e.extname AND a.attnum > 0 AND NOT a.attisdropped) AS view_columns
FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = ANY ($1::text[])`,
    },
  ],
  row: z.object({
    extname: z.string(),
    extversion: z.string(),
    schema: z.string(),
    usable: z.boolean(),
    view_columns: z.array(z.string()).nullable(),
  }),
  params: () => [EXTENSIONS],
});

/** Settings that decide how an answer is read (a timing column that is always 0 while timing is off). */
const SETTINGS = [
  'max_connections',
  'superuser_reserved_connections',
  'reserved_connections',
  'block_size',
  'track_io_timing',
  'track_activities',
  'track_activity_query_size',
  'autovacuum_freeze_max_age',
  'shared_buffers',
  'archive_mode',
  'wal_level',
  'checkpoint_timeout',
  'max_wal_size',
  'idle_session_timeout',
  'client_connection_check_interval',
  'lock_timeout',
  'allow_alter_system',
  'shared_preload_libraries',
];

export const settingsQuery = defineQuery({
  id: 'server.settings',
  variants: [
    {
      sql: 'SELECT /* pgdeck */ name, setting FROM pg_catalog.pg_settings WHERE name = ANY ($1::text[])',
    },
  ],
  row: z.object({ name: z.string(), setting: column.text }),
  params: () => [SETTINGS],
});

/** Managed services are told by the roles they create; some of them lack functions that every other server has. */
export const vendorQuery = defineQuery({
  id: 'server.vendor',
  variants: [
    {
      sql: `SELECT /* pgdeck */ CASE
  WHEN bool_or(rolname = 'rds_superuser') THEN
    CASE WHEN to_regproc('pg_catalog.aurora_version') IS NOT NULL OR to_regproc('aurora_version') IS NOT NULL THEN 'aurora' ELSE 'rds' END
  WHEN bool_or(rolname = 'alloydbsuperuser') THEN 'alloydb'
  WHEN bool_or(rolname = 'cloudsqlsuperuser') THEN 'cloudsql'
  WHEN bool_or(rolname IN ('azure_pg_admin', 'azuresu')) THEN 'azure'
  WHEN bool_or(rolname = 'neon_superuser') THEN 'neon'
  WHEN bool_or(rolname = 'supabase_admin') THEN 'supabase'
  ELSE 'self' END AS vendor
FROM pg_catalog.pg_roles`,
    },
  ],
  row: z.object({
    vendor: z.enum(['self', 'rds', 'aurora', 'alloydb', 'cloudsql', 'azure', 'neon', 'supabase']),
  }),
});
