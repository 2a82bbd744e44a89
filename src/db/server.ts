import { quoteIdent } from './ident.ts';

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

/** Where settings of the server are changed; undefined where ALTER SYSTEM does it. allow_alter_system came with 17. */
export function settingsPlace({ vendor, settings }: Pick<Server, 'vendor' | 'settings'>): string | undefined {
  if (vendor !== 'self') return 'where the provider has the parameters of this server';
  return settings.allow_alter_system === 'off'
    ? 'in postgresql.conf, or where that is made (allow_alter_system is off)'
    : undefined;
}

/** What sets a setting that takes a reload: SQL, or a sentence where the server is not changed by SQL. */
export function setByReload(
  server: Pick<Server, 'vendor' | 'settings'>,
  name: string,
  value: string,
): { readonly sql: string } | { readonly advice: string } {
  const where = settingsPlace(server);
  const shown = /^\w+$/.test(value) ? value : `'${value}'`;
  return where === undefined
    ? { sql: `ALTER SYSTEM SET ${name} = ${shown}; SELECT pg_reload_conf()` }
    : { advice: `Set ${name} to ${shown} ${where}; it takes a reload.` };
}

/** The statement that gives this role what it lacks. */
export function grant(role: string, server: Server): string {
  return `GRANT ${role} TO ${quoteIdent(server.user)}`;
}

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
