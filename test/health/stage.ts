import { setTimeout as delay } from 'node:timers/promises';
import { mergeThresholds, type ThresholdOverrides } from '../../src/config/thresholds.ts';
import { connect } from '../../src/db/client.ts';
import type { Answer, Session } from '../../src/db/session.ts';
import type { Target } from '../../src/db/target.ts';
import type { Assessment } from '../../src/health/assess.ts';
import type { Check } from '../../src/health/check.ts';
import { look } from '../../src/health/look.ts';
import type { Outside } from '../../src/health/outside.ts';
import type { Waiver } from '../../src/health/waivers.ts';
import { checkRemedies } from './remedies.ts';

/** Nothing is known but what the server tells. */
export const NOTHING_TOLD: Outside = {
  now: Date.now(),
  backups: { unknown: 'not told' },
  remote: { known: null },
  jobs: { unknown: 'not told' },
  volumes: { unknown: 'not told' },
  drift: { known: null },
  memory: { unknown: 'not told' },
  log: { unknown: 'not told' },
};

interface Looked {
  readonly checks?: readonly Check[];
  readonly thresholds?: ThresholdOverrides;
  readonly outside?: Partial<Outside>;
  readonly waivers?: readonly Waiver[];
  /** What happens between the two readings. */
  readonly meanwhile?: () => Promise<unknown>;
  /** So many seconds are taken to have passed between them: what is counted is judged by windows of minutes. */
  readonly seconds?: number;
}

/** Looks at a server as `pgdeck health` does: two readings over one connection, and the judgement. */
export async function lookAt(
  target: Target,
  { checks, thresholds, outside, waivers, meanwhile = () => delay(20), seconds = 0 }: Looked = {},
): Promise<Assessment> {
  const session = await connect(target, 'slow', 'pgdeck-monitor');
  let ahead = 0;
  try {
    const seen = await look(
      withClock(session, () => ahead),
      {
        thresholds: mergeThresholds(thresholds),
        outside: { ...NOTHING_TOLD, now: Date.now(), ...outside },
        ...(waivers && { waivers }),
        ...(checks && { checks }),
        wait: async () => {
          await meanwhile();
          ahead = seconds * 1000;
          return false;
        },
      },
    );
    if (seen === undefined) throw new Error('The look was ended.');
    await checkRemedies(seen.assessment);
    return seen.assessment;
  } finally {
    await session.close();
  }
}

/** The session of a server whose clock is so many milliseconds ahead. */
function withClock(session: Session, ahead: () => number): Session {
  const later = (answer: Answer): Answer =>
    answer.ok ? { ...answer, rows: answer.rows.map((row) => shifted(row, ahead())) } : answer;
  return {
    server: session.server,
    batch: async (calls) => (await session.batch(calls)).map(later),
  } as Session;
}

function shifted(row: unknown, ms: number): unknown {
  const at = typeof row === 'object' && row !== null && 'server_ms' in row ? row.server_ms : undefined;
  return typeof at === 'number' ? { ...(row as object), server_ms: at + ms } : row;
}
