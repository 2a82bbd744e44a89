import { z } from 'zod';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/** What this role may do about a setting of the server. From 15 on others than superusers can be given it. */
export const settingRights = defineQuery({
  id: 'settings.rights',
  variants: [
    {
      min: 15,
      sql: `SELECT /* pgdeck */ has_parameter_privilege($1, 'ALTER SYSTEM') AS may_set, has_function_privilege('pg_catalog.pg_reload_conf()', 'EXECUTE') AS may_reload`,
    },
    {
      sql: `SELECT /* pgdeck */ (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AND $1::text IS NOT NULL AS may_set,
  has_function_privilege('pg_catalog.pg_reload_conf()', 'EXECUTE') AS may_reload`,
    },
  ],
  params: ({ name }: { name: string }) => [name],
  row: z.object({ may_set: z.boolean(), may_reload: z.boolean() }),
});

/** Whether this role may set something for a role; no row where there is none of that name. */
export const settingRole = defineQuery({
  id: 'settings.role',
  variants: [
    {
      min: 16,
      sql: `SELECT /* pgdeck */ me.rolsuper OR r.oid = me.oid OR (me.rolcreaterole AND NOT r.rolsuper AND pg_has_role(me.oid, r.oid, 'MEMBER WITH ADMIN OPTION')) AS may_set
FROM pg_roles r, pg_roles me WHERE r.rolname = $1 AND me.rolname = current_user`,
    },
    {
      sql: `SELECT /* pgdeck */ me.rolsuper OR r.oid = me.oid OR (me.rolcreaterole AND NOT r.rolsuper) AS may_set
FROM pg_roles r, pg_roles me WHERE r.rolname = $1 AND me.rolname = current_user`,
    },
  ],
  params: ({ role }: { role: string }) => [role],
  row: z.object({ may_set: z.boolean() }),
});

/** Whether this role may set something for a database; no row where there is none of that name. */
export const settingDatabase = defineQuery({
  id: 'settings.database',
  variants: [
    {
      sql: `SELECT /* pgdeck */ pg_has_role(datdba, 'USAGE') AS may_set FROM pg_database WHERE datname = $1`,
    },
  ],
  params: ({ database }: { database: string }) => [database],
  row: z.object({ may_set: z.boolean() }),
});

/** What a start needs room for, and where the server has its files; these are null where this role may not know them. */
export const settingStart = defineQuery({
  id: 'settings.start',
  variants: [
    {
      sql: `SELECT /* pgdeck */ (SELECT count(*)::int FROM pg_replication_slots) AS slots,
  (SELECT count(*)::int FROM pg_replication_slots WHERE slot_type = 'logical') AS logical_slots,
  (SELECT count(*)::int FROM pg_prepared_xacts) AS prepared,
  (SELECT count(*)::int FROM pg_stat_replication) AS standbys,
  current_setting('port')::int AS port,
  (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_directory,
  (SELECT setting FROM pg_settings WHERE name = 'config_file') AS config_file`,
    },
  ],
  row: z.object({
    slots: z.int(),
    logical_slots: z.int(),
    prepared: z.int(),
    standbys: z.int(),
    port: z.int(),
    data_directory: column.text,
    config_file: column.text,
  }),
});
export type StartRow = RowOf<typeof settingStart>;

/** When the files were last read, microseconds since 1970; of a session that begins, by the server it was forked from. */
export const settingLoaded = defineQuery({
  id: 'settings.loaded',
  variants: [
    { sql: `SELECT /* pgdeck */ round(date_part('epoch', pg_conf_load_time()) * 1000000) AS loaded_us` },
  ],
  row: z.object({ loaded_us: z.number() }),
});
