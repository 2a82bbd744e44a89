import { DbError } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import type { OpContext } from '../context.ts';

/**
 * The session to plan with: not in the database that is about to be replaced, which may be gone, and which nobody of
 * ours should hold open. Throws DbError.
 */
export async function planningSession(context: OpContext): Promise<Session> {
  for (const database of ['postgres', 'template1'])
    try {
      return await context.session(database);
    } catch (error) {
      const elsewhere =
        error instanceof DbError && ['no_database', 'denied', 'auth'].some((kind) => kind === error.kind);
      if (!elsewhere) throw error;
    }
  return context.session();
}
