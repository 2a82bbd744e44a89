import { z } from 'zod';
import { poll } from '../poll.ts';
import { column, defineQuery, type RowOf } from '../query.ts';

/** What health looks at of a server's settings. */
const NAMES = [
  'allow_system_table_mods',
  'archive_command',
  'archive_library',
  'archive_mode',
  'autovacuum_freeze_max_age',
  'autovacuum_max_workers',
  'autovacuum_work_mem',
  'data_sync_retry',
  'fsync',
  'full_page_writes',
  'hash_mem_multiplier',
  'ignore_checksum_failure',
  'ignore_invalid_pages',
  'ignore_system_indexes',
  'listen_addresses',
  'maintenance_work_mem',
  'max_connections',
  'password_encryption',
  'session_replication_role',
  'shared_buffers',
  'synchronous_commit',
  'wal_level',
  'work_mem',
  'zero_damaged_pages',
];

/**
 * Settings as a new session of this role gets them: what this session has set for itself is left out. With those that
 * wait for a restart, whichever they are.
 */
export const settingValues = defineQuery({
  id: 'settings.values',
  variants: [
    {
      sql: `SELECT /* pgdeck */ name, reset_val AS value, unit, source, pending_restart
FROM pg_settings WHERE name = ANY ($1::text[]) OR pending_restart ORDER BY name`,
    },
  ],
  params: () => [NAMES],
  row: z.object({
    name: z.string(),
    value: column.text,
    /** Of a number: `8kB`, `ms`. */
    unit: column.text,
    /** Where it is from; `user`, `database` and `database user`: not the server's. */
    source: z.string(),
    pending_restart: z.boolean(),
  }),
});
export type SettingRow = RowOf<typeof settingValues>;

/** What is set for a role, a database, or a role in a database; null: for all of them. */
export const settingOverrides = defineQuery({
  id: 'settings.overrides',
  variants: [
    {
      sql: `SELECT /* pgdeck */ r.rolname::text AS role, d.datname::text AS database, split_part(c, '=', 1) AS name,
  substr(c, strpos(c, '=') + 1) AS value
FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) c
  LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
WHERE split_part(c, '=', 1) = ANY ($1::text[]) ORDER BY 3, 1, 2`,
    },
  ],
  params: () => [NAMES],
  row: z.object({ role: column.text, database: column.text, name: z.string(), value: z.string() }),
});
export type OverrideRow = RowOf<typeof settingOverrides>;

export const settingsPoll = poll('slow', 'slow', settingValues);
export const overridesPoll = poll('slow', 'slow', settingOverrides);
