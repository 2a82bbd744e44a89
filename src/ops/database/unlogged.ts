import type { Session } from '../../db/session.ts';

const UNLOGGED = [
  'log_statement = none',
  'log_min_duration_statement = -1',
  'log_min_duration_sample = -1',
  'log_transaction_sample_rate = 0',
  'log_min_error_statement = panic',
  "pg_stat_statements.track = 'none'",
];

/**
 * From now on neither the log nor pg_stat_statements gets what this session sends, as far as that is its to say: only a
 * superuser's. Answers whether it is. Throws DbError.
 */
export async function unlogged(session: Session): Promise<boolean> {
  if (!session.server.rights.superuser) return false;
  for (const setting of UNLOGGED) await session.sql(`SET ${setting}`);
  return true;
}
