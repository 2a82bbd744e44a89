import { setTimeout as delay } from 'node:timers/promises';
import { endRun, runSessions } from '../../db/queries/signal/run.ts';
import type { Session } from '../../db/session.ts';
import type { OpContext } from '../engine/operation.ts';
import { maintenanceSession } from './maintenance.ts';

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
    const name = { applicationName: applicationNameOf(run) };
    const ended = new Set((await session.run(endRun, name)).map(({ pid }) => pid));
    // their end is not waited for: it is near, or the server is gone
    for (const one of own) void one.close();
    const until = performance.now() + GONE_MS;
    while (ended.size > 0 && performance.now() < until) {
      const there = await session.run(runSessions, name);
      if (!there.some(({ pid }) => ended.has(pid))) return;
      await delay(LOOK_MS);
    }
  } catch {
    // the server is gone, and its backends with it, or will notice that their clients are
  }
}
