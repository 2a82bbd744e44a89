import { z } from 'zod';
import { column, defineQuery } from '../../query.ts';
import { CURRENT_DATABASE_OID, since } from '../fragments.ts';

/**
 * Sessions that a dump would wait for: they hold a table exclusively, or wait to (running DDL, or a transaction that
 * forgot to end).
 */
export const backupBlockers = defineQuery({
  id: 'backup.blockers',
  variants: [
    {
      sql: `SELECT /* pgdeck */ l.pid, a.usename::text, a.application_name, a.state, left(a.query, 200) AS query,
  ${since('a.xact_start')} AS xact_seconds, bool_or(l.granted) AS granted, min(format('%s.%s', n.nspname, c.relname)) AS relation
FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.database = ${CURRENT_DATABASE_OID}
  AND l.pid <> pg_backend_pid() AND c.relkind IN ('r', 'p', 'm') AND n.nspname !~ '^pg_(toast|temp|catalog)'
GROUP BY 1, 2, 3, 4, 5, a.xact_start ORDER BY a.xact_start LIMIT 5`,
    },
  ],
  row: z.object({
    pid: z.int(),
    usename: column.text,
    application_name: column.text,
    state: column.text,
    query: column.text,
    xact_seconds: column.float,
    granted: z.boolean(),
    relation: z.string(),
  }),
});

/** Prepared transactions of this database: what they did is in no dump until they are committed. */
export const backupPrepared = defineQuery({
  id: 'backup.prepared',
  variants: [
    {
      sql: 'SELECT /* pgdeck */ count(*)::int AS transactions FROM pg_prepared_xacts WHERE database = current_database()',
    },
  ],
  row: z.object({ transactions: z.int() }),
});

/** Tables that a run's programs are reading now. `bytes` are those of the COPY text. */
export const backupCopies = defineQuery({
  id: 'backup.copies',
  variants: [
    {
      min: 14,
      sql: `SELECT /* pgdeck */ p.relid AS oid, p.tuples_processed::float8 AS rows, p.bytes_processed::float8 AS bytes
FROM pg_stat_progress_copy p JOIN pg_stat_activity a ON a.pid = p.pid
WHERE a.application_name = $1 AND p.datid = ${CURRENT_DATABASE_OID} AND p.command = 'COPY TO'`,
    },
  ],
  row: z.object({ oid: z.int(), rows: z.number(), bytes: z.number() }),
  params: ({ applicationName }: { applicationName: string }) => [applicationName],
  unavailable: ({ major }) =>
    major < 14 ? { reason: 'PostgreSQL 13 does not tell how far a COPY has come.' } : undefined,
});
