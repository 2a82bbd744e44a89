import { quoteLiteral } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { StepIo } from '../engine/plan.ts';
import { endWithClient } from '../maintain/shared/sessions.ts';

/**
 * What makes a value the same text everywhere, and that text the same value again; that rows which a policy hides are an
 * error; and that what was committed stays so when the server crashes.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
  xmloption: 'content',
  client_encoding: 'UTF8',
  row_security: 'off',
  synchronous_commit: 'on',
  jit: 'off',
  default_transaction_deferrable: 'off',
};

/** A session of the run that takes rows out, or puts them back. Throws DbError. */
export async function rowsSession(io: StepIo): Promise<Session> {
  const session = await io.connect();
  const set = Object.entries(SETTINGS).map(([name, value]) => `SET ${name} = '${value}'`);
  // a role may have such a limit of its own, from 17 on
  if (session.server.major >= 17) set.push('SET transaction_timeout = 0');
  await session.sql(set.join('; '));
  await endWithClient(session);
  return session;
}

/** The search_path that the role and the database set: what triggers of others were written for. Throws DbError. */
export async function ownPath(io: StepIo): Promise<string> {
  const session = await io.connect(undefined, 'migration');
  try {
    const [row] = await session.sql("SELECT current_setting('search_path') AS path");
    return String(row?.path);
  } finally {
    await session.close();
  }
}

/** Sets the search_path to the end of the transaction. */
export function pathSql(path: string): string {
  return `SELECT set_config('search_path', ${quoteLiteral(path).trim()}, true)`;
}

/** In a transaction: what is looked up by few places is found by indexes, and not by reading whole tables. */
export function byIndex(on: boolean): string {
  const value = on ? 'off' : 'on';
  return `SET LOCAL enable_hashjoin = ${value}; SET LOCAL enable_mergejoin = ${value}`;
}

/** Rolls back whatever is open; a session that is lost has nothing open. */
export async function rolledBack(session: Session): Promise<void> {
  if (!session.lost) await session.sql('ROLLBACK').catch(() => {});
}
