import { z } from 'zod';
import { column, defineQuery } from '../query.ts';

export const LOG_DIRECTORY = 'log directory';

/**
 * The directories that a server writes to, by name; pg_wal is often a link to another disk. `data directory` is null
 * where this role may not know it, and pg_wal with it. With the port that it listens on, which a forwarded one is not.
 */
export const serverDirectories = defineQuery({
  id: 'server.directories',
  variants: [
    {
      sql: `SELECT /* pgdeck */ p.name, p.directory, current_setting('port')::int AS port
FROM (SELECT (SELECT setting FROM pg_settings WHERE name = 'data_directory')) s(setting)
CROSS JOIN LATERAL (
  SELECT 1 AS rank, 'data directory' AS name, s.setting AS directory
  UNION ALL SELECT 2, 'pg_wal', s.setting || '/pg_wal'
  UNION ALL SELECT 4, 'log directory', CASE WHEN l.setting LIKE '/%' THEN l.setting ELSE s.setting || '/' || l.setting END
    FROM pg_settings l WHERE l.name = 'log_directory' AND current_setting('logging_collector') = 'on'
  -- one that was made in place is relative, and in the data directory
  UNION ALL SELECT 3, 'tablespace ' || spcname, pg_tablespace_location(oid) FROM pg_tablespace
    WHERE pg_tablespace_location(oid) LIKE '/%') p
ORDER BY p.rank, p.name`,
    },
  ],
  row: z.object({ name: z.string(), directory: column.text, port: z.int() }),
});
