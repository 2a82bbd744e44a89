import { DbError } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import { backupSystem } from '../../db/views/backup/facts.ts';
import type { OpContext } from '../engine/context.ts';

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

/** What tells this server from every other one; undefined where it does not say. */
export async function systemIdentifier(session: Session): Promise<string | undefined> {
  const [row] = await session.run(backupSystem, undefined).catch(() => []);
  return row?.system_identifier;
}
