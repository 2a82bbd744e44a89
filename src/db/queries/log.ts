import { z } from 'zod';
import { column, defineQuery } from '../query.ts';

/** How the server writes its log, and what this role may read of it. */
export const logSetup = defineQuery({
  id: 'log.setup',
  variants: [
    {
      sql: `SELECT /* pgdeck */ current_setting('logging_collector') = 'on' AS collector,
  current_setting('log_destination') AS destination,
  current_setting('log_line_prefix') AS line_prefix,
  current_setting('log_error_verbosity') = 'verbose' AS verbose,
  (SELECT setting::float8 FROM pg_settings WHERE name = 'log_min_duration_statement') AS min_duration_ms,
  (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_directory,
  (SELECT setting FROM pg_settings WHERE name = 'log_directory') AS log_directory,
  (SELECT setting FROM pg_settings WHERE name = 'log_filename') AS log_filename,
  has_function_privilege('pg_catalog.pg_ls_logdir()', 'EXECUTE') AS may_list,
  has_function_privilege('pg_catalog.pg_read_binary_file(text,bigint,bigint,boolean)', 'EXECUTE') AS may_read,
  current_setting('port') AS port,
  (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms`,
    },
  ],
  row: z.object({
    collector: z.boolean(),
    destination: z.string(),
    line_prefix: z.string(),
    verbose: z.boolean(),
    min_duration_ms: column.float,
    /** Null to a role that may not read all settings, like the two below. */
    data_directory: column.text,
    log_directory: column.text,
    log_filename: column.text,
    may_list: z.boolean(),
    may_read: z.boolean(),
    port: z.string(),
    now_ms: z.number(),
  }),
});

/** What the abbreviations in the log's times stand for, of the last year: seconds east of Greenwich. */
export const logZones = defineQuery({
  id: 'log.zones',
  variants: [
    {
      // to_char() knows the zone of the session only, which is set back when the statement ends
      sql: `WITH zone AS MATERIALIZED (SELECT set_config('TimeZone', current_setting('log_timezone'), true) AS name)
SELECT /* pgdeck */ DISTINCT to_char(at, 'TZ') AS abbreviation, extract(timezone FROM at)::float8 AS seconds
FROM zone, LATERAL generate_series(now() - interval '400 days', now() + interval '2 days', interval '7 days') at
WHERE zone.name IS NOT NULL`,
    },
  ],
  row: z.object({ abbreviation: z.string(), seconds: z.number() }),
});

/** Which cluster this is; every role may ask. */
export const systemIdentifier = defineQuery({
  id: 'log.system_identifier',
  variants: [{ sql: 'SELECT /* pgdeck */ system_identifier::text AS id FROM pg_control_system()' }],
  row: z.object({ id: z.string() }),
});

/** The files of a directory; none when it is no longer log_directory, which is the only one that pg_ls_logdir() lists. */
export const logFiles = defineQuery({
  id: 'log.files',
  needs: 'pg_monitor',
  variants: [
    {
      // without a collector there may be no such directory, which is an error; whom the setting is hidden from is refused
      sql: `SELECT /* pgdeck */ name, size::float8 AS size, (extract(epoch FROM modification) * 1000)::float8 AS modified_ms
FROM (SELECT WHERE current_setting('logging_collector') = 'on'
  AND coalesce((SELECT setting FROM pg_settings WHERE name = 'log_directory'), $1::text) = $1::text) collected, LATERAL pg_ls_logdir()`,
    },
  ],
  params: (directory: string) => [directory],
  row: z.object({ name: z.string(), size: z.number(), modified_ms: z.number() }),
});
