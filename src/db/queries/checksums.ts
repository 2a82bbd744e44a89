import { z } from 'zod';
import { poll } from '../poll.ts';
import { column, defineQuery } from '../query.ts';
import { since } from './fragments.ts';

/** Pages that did not match their checksums, since `stats_reset`; one row without a database is of shared catalogs. */
export const checksumFailures = defineQuery({
  id: 'database.checksums',
  variants: [
    {
      sql: `SELECT /* pgdeck */ current_setting('data_checksums') = 'on' AS enabled, d.datname::text,
  coalesce(d.checksum_failures, 0)::float8 AS failures, ${since('d.checksum_last_failure')} AS last_failure_seconds, d.stats_reset::text
FROM pg_stat_database d`,
    },
  ],
  row: z.object({
    enabled: z.boolean(),
    datname: column.text,
    failures: z.number(),
    last_failure_seconds: column.float,
    stats_reset: column.time,
  }),
});

export const checksumsPoll = poll('fast', 'slow', checksumFailures);
