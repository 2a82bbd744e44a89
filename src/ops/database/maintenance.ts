import { DbError } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import type { StepIo } from '../engine/operation.ts';

/** Databases to work from: one that is renamed or dropped must have nobody in it. */
const MAINTENANCE = ['postgres', 'template1'] as const;

/** Whether others depend on the database's name and presence: it is not swapped. */
export function isMaintenance(database: string): boolean {
  return database === 'template0' || MAINTENANCE.some((name) => name === database);
}

/** A session of the run in a maintenance database. Throws DbError. */
export async function maintenance(io: StepIo): Promise<Session> {
  const [first, second] = MAINTENANCE;
  try {
    return await io.connect(first);
  } catch (error) {
    const elsewhere =
      error instanceof DbError && ['no_database', 'denied', 'auth'].some((kind) => kind === error.kind);
    if (!elsewhere) throw error;
    return io.connect(second);
  }
}
