import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../db/session.ts';
import type { OpContext } from '../context.ts';
import { maintenanceSession } from './lock.ts';

/** The application_name of everything that belongs to a run. */
export function applicationNameOf(run: string): string {
  return `pgdeck:${run}`;
}

/** A backend that rolls back much goes later than this; what comes next then sees it at work. */
const GONE_MS = 5_000;
const LOOK_MS = 50;

/**
 * Ends what a run still has on the server: the programs it started may be gone while their backends work on. Returns
 * when they are gone, so that what is taken back next does not meet them; sessions of the run are known to be lost.
 */
export async function endBackends(context: OpContext, run: string, sessions: Set<Session>): Promise<void> {
  const own = [...sessions];
  try {
    const session = await maintenanceSession(context, `pgdeck-end:${run}`);
    sessions.add(session);
    const ended = await session.sql(
      'SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()',
      [applicationNameOf(run)],
    );
    // their end is not waited for: it is near, or the server is gone
    for (const one of own) void one.close();
    const pids = ended.map(({ pid }) => pid);
    const until = performance.now() + GONE_MS;
    while (pids.length > 0 && performance.now() < until) {
      const there = await session.sql(
        'SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND pid = ANY($2) LIMIT 1',
        [applicationNameOf(run), pids],
      );
      if (there.length === 0) return;
      await delay(LOOK_MS);
    }
  } catch {
    // the server is gone, and its backends with it, or will notice that their clients are
  }
}
