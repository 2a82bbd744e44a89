import { z } from 'zod';
import { poll } from '../../poll.ts';
import { column, defineQuery, type RowOf } from '../../query.ts';
import { grant, type Server } from '../../server.ts';

/**
 * Every setting that this role may see, as a new session like this one gets it. Where `source` is the session's own
 * (`client`), or that of its role or database, the value of the server is behind it.
 */
export const settingList = defineQuery({
  id: 'settings.list',
  variants: [
    {
      sql: `SELECT /* pgdeck */ name, reset_val AS value, boot_val, unit, category, short_desc, extra_desc, context, vartype, source,
  min_val, max_val, enumvals, sourcefile, sourceline, pending_restart
FROM pg_settings ORDER BY name`,
    },
  ],
  row: z.object({
    name: z.string(),
    /** Of a number in its unit, without it. */
    value: column.text,
    boot_val: column.text,
    /** Of a number: `8kB`, `ms`. */
    unit: column.text,
    category: z.string(),
    short_desc: z.string(),
    extra_desc: column.text,
    /** What it takes to change it: `postmaster` is a restart, `sighup` a reload. */
    context: z.string(),
    vartype: z.enum(['bool', 'integer', 'real', 'string', 'enum']),
    source: z.string(),
    min_val: column.text,
    max_val: column.text,
    enumvals: z.array(z.string()).nullable(),
    /** Null also where this role may not know it. */
    sourcefile: column.text,
    sourceline: column.int,
    pending_restart: z.boolean(),
  }),
  partial: ({ rights, ...server }: Server) =>
    rights.superuser || rights.pg_read_all_settings
      ? undefined
      : {
          reason: 'Settings that only superusers may see are not listed, nor the files that others are from.',
          remedy: grant('pg_read_all_settings', { rights, ...server }),
        },
});
export type ListedRow = RowOf<typeof settingList>;

/** The lines of the configuration files as they are now, in the order in which the server reads them. */
export const settingFiles = defineQuery({
  id: 'settings.files',
  variants: [
    {
      sql: `SELECT /* pgdeck */ sourcefile, sourceline, name, setting AS value, applied, error
FROM pg_file_settings ORDER BY seqno`,
    },
  ],
  row: z.object({
    sourcefile: z.string(),
    sourceline: z.int(),
    /** Null: the line cannot be read at all. */
    name: column.text,
    value: column.text,
    /** False: a later line of that name holds, or the server cannot take it now. */
    applied: z.boolean(),
    error: column.text,
  }),
  unavailable: ({ rights, user }) =>
    rights.superuser
      ? undefined
      : {
          reason: `${user} may not read the configuration files (pg_file_settings): what is overridden in them, or wrong, is not known.`,
          remedy: 'Connect as a superuser.',
        },
});
export type FileRow = RowOf<typeof settingFiles>;

/** Everything that is set for a role, a database, or a role in a database; null: for all of them. */
export const settingScopes = defineQuery({
  id: 'settings.scopes',
  variants: [
    {
      sql: `SELECT /* pgdeck */ r.rolname::text AS role, d.datname::text AS database, split_part(c, '=', 1) AS name,
  substr(c, strpos(c, '=') + 1) AS value
FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) c
  LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
ORDER BY 3, 1 NULLS FIRST, 2 NULLS FIRST`,
    },
  ],
  row: z.object({ role: column.text, database: column.text, name: z.string(), value: z.string() }),
});
export type ScopeRow = RowOf<typeof settingScopes>;

export const settingListPoll = poll('slow', 'slow', settingList);
export const settingFilesPoll = poll('slow', 'slow', settingFiles, {
  when: ({ server }) => server.rights.superuser,
});
export const settingScopesPoll = poll('slow', 'slow', settingScopes);
