import { withPassword } from '../config/password.ts';
import type { Resolved } from '../config/profile.ts';
import type { Intervals } from '../config/settings.ts';
import type { Cadence } from '../db/poll.ts';
import type { SamplerOptions } from '../monitor/sampler.ts';

/** Replication slots, checkpoints, the archiver: they change slowly. */
const MEDIUM_SECONDS = 5;
/** Texts of statements: the server reads all of them for the few that are new. */
const TEXTS_SECONDS = 60;
/** Questions that look at every relation of the database. */
const RARE_SECONDS = 300;

/** Seconds between two questions of each kind; `tick` is the interval asked for, or that of the settings. */
export function cadences(intervals: Intervals, tick = intervals.refresh_seconds): Record<Cadence, number> {
  return {
    tick,
    medium: MEDIUM_SECONDS,
    statements: intervals.statements_seconds,
    texts: TEXTS_SECONDS,
    slow: intervals.slow_seconds,
    rare: RARE_SECONDS,
  };
}

/** How a resolved server is watched: its connections and cadences. */
export function watchOptions(resolved: Resolved, interval?: number): SamplerOptions {
  return {
    connect: async (purpose) => {
      // the driver is loaded while the first frame is already on the screen
      const { connect } = await import('../db/client.ts');
      const name = purpose === 'control' ? 'pgdeck-control' : 'pgdeck-monitor';
      return withPassword(resolved.passwords, () => connect(resolved.target, purpose, name));
    },
    intervals: cadences(resolved.intervals, interval),
  };
}
