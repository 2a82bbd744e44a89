import { z } from 'zod';
import { CURRENT_DATABASE_OID, since } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

const MATCH = `l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND l.database = ${CURRENT_DATABASE_OID}
  AND l.classid::bigint = (k.key >> 32) & 4294967295 AND l.objid::bigint = k.key & 4294967295`;

/** Who holds the advisory lock of this name in this database; the session that asks is one of them. */
export const migrateLockHolder = defineQuery({
  id: 'migrate.lock_holder',
  variants: [
    {
      sql: `SELECT /* pgdeck */ l.pid, l.pid = pg_backend_pid() AS own, a.usename::text, host(a.client_addr) AS client_addr,
  a.application_name, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS backend_start,
  ${since('a.backend_start')} AS seconds
FROM pg_locks l CROSS JOIN (SELECT hashtextextended($1, 0) AS key) k LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE ${MATCH}`,
    },
  ],
  row: z.object({
    pid: z.int(),
    own: z.boolean(),
    usename: column.text,
    /** Null: over a socket, or hidden from this role. */
    client_addr: column.text,
    application_name: column.text,
    /** ISO 8601. A run's session is opened for its lock. */
    backend_start: column.text,
    seconds: column.float,
  }),
  params: (name: string) => [name],
});
export type MigrateLockHolder = RowOf<typeof migrateLockHolder>;
