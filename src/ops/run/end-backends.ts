import type { Session } from '../../db/session.ts';
import type { OpContext } from '../context.ts';
import { maintenanceSession } from './lock.ts';

/** The application_name of everything that belongs to a run. */
export function applicationNameOf(run: string): string {
  return `pgdeck:${run}`;
}

/** Ends what a run still has on the server: the programs it started may be gone while their backends work on. */
export async function endBackends(context: OpContext, run: string, sessions: Set<Session>): Promise<void> {
  try {
    const session = await maintenanceSession(context, `pgdeck-end:${run}`);
    sessions.add(session);
    await session.sql(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()',
      [applicationNameOf(run)],
    );
  } catch {
    // the server is gone, and its backends with it, or will notice that their clients are
  }
}
