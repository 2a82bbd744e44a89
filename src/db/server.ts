import { z } from 'zod';
import { quoteIdent } from './ident.ts';
import { column, defineQuery } from './query.ts';

/** Roles whose rights decide what the console can read or do. */
export interface Rights {
  readonly superuser: boolean;
  readonly pg_monitor: boolean;
  readonly pg_read_all_stats: boolean;
  readonly pg_read_all_settings: boolean;
  readonly pg_signal_backend: boolean;
  readonly pg_signal_autovacuum_worker: boolean;
  readonly pg_stat_scan_tables: boolean;
}

export interface Extension {
  readonly name: string;
  readonly version: string;
  readonly schema: string;
  /** USAGE on the schema. */
  readonly usable: boolean;
  /** Columns of the view of the same name: which fields exist is decided by them, not by the server's version. */
  readonly columns: readonly string[];
}

export type Vendor = 'self' | 'rds' | 'aurora' | 'alloydb' | 'cloudsql' | 'azure' | 'neon' | 'supabase';

/** What was learnt of the server at connect: version, role, rights, extensions. Read once per connection. */
export interface Server {
  /** `server_version_num / 10000`, 13 to 18 and later. */
  readonly major: number;
  readonly versionNum: number;
  /** `18.4`: for people. */
  readonly version: string;
  readonly user: string;
  readonly database: string;
  readonly databaseOid: number;
  readonly standby: boolean;
  readonly rights: Rights;
  readonly extensions: readonly Extension[];
  readonly vendor: Vendor;
  readonly settings: Readonly<Record<string, string>>;
  /** Start of the postmaster, milliseconds since 1970: another value means a restart. */
  readonly startedAt: number;
  /** True behind a pooler, where named statements and session settings may not survive, or become another client's. */
  readonly pooled: boolean;
}

/** The extension when it is installed and reachable. */
export function extension(server: Server, name: string): Extension | undefined {
  return server.extensions.find((e) => e.name === name && e.usable);
}

/** The statement that gives this role what it lacks. */
export function grant(role: string, server: Server): string {
  return `GRANT ${role} TO ${quoteIdent(server.user)}`;
}

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

/** What the role may, of what is asked about it. */
export function rightsOf(role: Rights): Rights {
  const { superuser, pg_monitor, pg_read_all_stats, pg_read_all_settings } = role;
  const { pg_signal_backend, pg_signal_autovacuum_worker, pg_stat_scan_tables } = role;
  return {
    superuser,
    pg_monitor,
    pg_read_all_stats,
    pg_read_all_settings,
    pg_signal_backend,
    pg_signal_autovacuum_worker,
    pg_stat_scan_tables,
  };
}

/** Who this session is on the server. */
export const backendQuery = defineQuery({
  id: 'server.backend',
  variants: [
    {
      sql: `SELECT /* pgdeck */ pid, round(date_part('epoch', backend_start) * 1000000) AS backend_start_us
FROM pg_stat_get_activity(pg_backend_pid())`,
    },
  ],
  row: z.object({ pid: z.int(), backend_start_us: column.float }),
});

const EXTENSIONS = ['pg_stat_statements', 'pgstattuple'];

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
  'autovacuum_vacuum_threshold',
  'autovacuum_vacuum_scale_factor',
  'autovacuum_freeze_max_age',
  'shared_buffers',
  'archive_mode',
  'wal_level',
  'checkpoint_timeout',
  'max_wal_size',
  'idle_session_timeout',
  'lock_timeout',
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
