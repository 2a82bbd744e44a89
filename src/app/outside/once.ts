import { setTimeout as sleep } from 'node:timers/promises';
import type { Env } from '../../config/libpq/env.ts';
import { withPassword } from '../../config/password.ts';
import type { Resolved } from '../../config/profile.ts';
import { connect } from '../../db/client.ts';
import type { Check } from '../../health/check.ts';
import { look, type Seen } from '../../health/look.ts';
import type { Outside } from '../../health/outside.ts';
import { local } from '../../hosts/local.ts';
import { reaching } from '../../hosts/reach.ts';
import { LogHour } from '../../log/hour.ts';
import { DriftLook } from './drift.ts';
import { outsideFacts } from './facts.ts';

export interface LookedOnce {
  readonly seen: Seen;
  readonly outside: Outside;
}

/**
 * Health's look at a server over a connection of its own: two readings, so many seconds apart; of all checks unless some are
 * named. Undefined where the server was gone between them. Throws DbError when it is away, and the reason of `signal`.
 */
export async function lookOnce(
  { resolved, env }: { readonly resolved: Resolved; readonly env: Env },
  { seconds, checks }: { readonly seconds: number; readonly checks?: readonly Check[] },
  signal: AbortSignal,
): Promise<LookedOnce | undefined> {
  const { thresholds, waivers, passwords, target, runsOn } = resolved;
  const session = await withPassword(passwords, () => connect(target, 'slow', 'pgdeck-monitor'));
  try {
    const hour = new LogHour(reaching(runsOn.server), thresholds.slow_query_ms);
    const outside = await outsideFacts({
      ...{ session, resolved, env, host: local, drift: new DriftLook() },
      log: { read: (of) => hour.read(of, { last: true }) },
    });
    const wait = () =>
      sleep(seconds * 1000, false, { signal }).catch(() => {
        throw signal.reason;
      });
    const seen = await look(session, { thresholds, waivers, outside, wait, ...(checks && { checks }) });
    return seen && { seen, outside };
  } finally {
    await session.close();
  }
}
