import { z } from 'zod';
import { column, defineQuery } from './query.ts';

/** Whether this connection is encrypted; no row behind a pooler that changed the backend in between. */
export const tlsQuery = defineQuery({
  id: 'session.tls',
  variants: [
    {
      sql: 'SELECT /* pgdeck */ ssl, version, cipher FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()',
    },
  ],
  row: z.object({ ssl: z.boolean(), version: column.text, cipher: column.text }),
});
