import { setTimeout as delay } from 'node:timers/promises';
import { mergeThresholds, type ThresholdOverrides } from '../../src/config/thresholds.ts';
import { connect } from '../../src/db/client.ts';
import type { Target } from '../../src/db/target.ts';
import type { Assessment } from '../../src/health/assess.ts';
import type { Check } from '../../src/health/check.ts';
import { look } from '../../src/health/look.ts';
import type { Outside } from '../../src/health/outside.ts';
import type { Waiver } from '../../src/health/waivers.ts';

/** Nothing is known but what the server tells. */
export const NOTHING_TOLD: Outside = {
  now: Date.now(),
  backups: { unknown: 'not told' },
  jobs: { unknown: 'not told' },
  volumes: { unknown: 'not told' },
  log: { unknown: 'not told' },
};

interface Looked {
  readonly checks?: readonly Check[];
  readonly thresholds?: ThresholdOverrides;
  readonly outside?: Partial<Outside>;
  readonly waivers?: readonly Waiver[];
  /** What happens between the two readings. */
  readonly meanwhile?: () => Promise<unknown>;
}

/** Looks at a server as `pgdeck health` does: two readings over one connection, and the judgement. */
export async function lookAt(
  target: Target,
  { checks, thresholds, outside, waivers, meanwhile = () => delay(20) }: Looked = {},
): Promise<Assessment> {
  const session = await connect(target, 'slow', 'pgdeck-monitor');
  try {
    const seen = await look(session, {
      thresholds: mergeThresholds(thresholds),
      outside: { ...NOTHING_TOLD, now: Date.now(), ...outside },
      ...(waivers && { waivers }),
      ...(checks && { checks }),
      wait: async () => {
        await meanwhile();
        return false;
      },
    });
    if (seen === undefined) throw new Error('The look was ended.');
    return seen.assessment;
  } finally {
    await session.close();
  }
}
