import { z } from 'zod';
import { microseconds, relationJoin, relationName, since } from '../../../db/queries/fragments.ts';
import { column, defineQuery, type RowOf } from '../../../db/query.ts';

/** The transactions that are prepared on the server, in whatever database: one by its name, or all, the oldest first. */
export const preparedTransactions = defineQuery({
  id: 'signal.prepared',
  variants: [
    {
      sql: `SELECT /* pgdeck */ p.gid, p.transaction::text AS xid, ${microseconds('p.prepared')} AS prepared_us,
  ${since('p.prepared')} AS prepared_seconds, p.owner::text, p.database::text,
  p.owner = current_user OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS may_end,
  ARRAY(SELECT ${relationName('h.relation', 'r')} || ' ' || h.mode
    FROM pg_locks x JOIN pg_locks h ON h.pid IS NULL AND h.virtualtransaction = x.virtualtransaction AND h.locktype = 'relation'
      ${relationJoin('h.relation', 'h.database', 'r')}
    WHERE x.pid IS NULL AND x.locktype = 'transactionid' AND x.transactionid = p.transaction ORDER BY 1 LIMIT 20) AS holds
FROM pg_prepared_xacts p WHERE $1::text IS NULL OR p.gid = $1::text ORDER BY p.prepared`,
    },
  ],
  row: z.object({
    gid: z.string(),
    /** With the name and the time its identity: a name may be taken again. */
    xid: z.string(),
    prepared_us: z.number(),
    prepared_seconds: z.number(),
    owner: column.text,
    database: z.string(),
    /** This role owns it, or is a superuser. */
    may_end: z.boolean(),
    /** Relations that it holds, each with the mode as its last word; by their oids where it is of another database. */
    holds: z.array(z.string()),
  }),
  params: ({ gid }: { gid: string | null }) => [gid],
});
export type PreparedTransaction = RowOf<typeof preparedTransactions>;
