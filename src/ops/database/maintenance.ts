import { DbError } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import type { OpContext } from '../engine/operation.ts';
import type { StepIo } from '../engine/plan.ts';

/**
 * Databases to work from: one that is renamed or dropped must have nobody in it. Advisory locks are taken there too:
 * they belong to one database, so everybody has to take them in the same one.
 */
const MAINTENANCE = ['postgres', 'template1'] as const;

/** Whether others depend on the database's name and presence: it is not swapped. */
export function isMaintenance(database: string): boolean {
  return database === 'template0' || MAINTENANCE.some((name) => name === database);
}

/** Opens a session in the first maintenance database that lets this role in. Throws the last DbError. */
async function opened(
  open: (database: string) => Promise<Session>,
  orElse: (error: unknown) => Promise<Session>,
): Promise<Session> {
  let refused: unknown;
  for (const database of MAINTENANCE)
    try {
      return await open(database);
    } catch (error) {
      const elsewhere =
        error instanceof DbError &&
        (error.kind === 'no_database' || error.kind === 'denied' || error.kind === 'auth');
      if (!elsewhere) throw error;
      refused = error;
    }
  return orElse(refused);
}

/**
 * The session to plan with: not in the database that is about to be replaced, which may be gone, and which nobody of
 * ours should hold open; there all the same where this role may enter no other. Throws DbError.
 */
export function planningSession(context: OpContext): Promise<Session> {
  return opened(
    (database) => context.session(database),
    () => context.session(),
  );
}

/** Opens a session in a maintenance database; in the target's own one where this role may enter neither. Throws DbError. */
export function maintenanceSession(context: OpContext, name: string): Promise<Session> {
  return opened(
    (database) => context.open(name, database),
    () => context.open(name),
  );
}

/** A session of the run in a maintenance database, in no other. Throws DbError. */
export function maintenance(io: StepIo): Promise<Session> {
  return opened(
    (database) => io.connect(database),
    (error) => Promise.reject(error),
  );
}

/** Works over a session of the run in a maintenance database, which is closed afterwards. */
export async function inMaintenance<T>(io: StepIo, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await maintenance(io);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
