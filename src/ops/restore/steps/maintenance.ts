import type { Session } from '../../../db/session.ts';
import { maintenance } from '../../database/maintenance.ts';
import type { StepIo } from '../../engine/operation.ts';

/** Works over a session of the run in a maintenance database, which is closed afterwards. */
export async function inMaintenance<T>(io: StepIo, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await maintenance(io);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
