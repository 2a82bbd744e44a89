import { setTimeout as delay } from 'node:timers/promises';
import { HEADER_POLLS } from '../../src/app/core/polls.ts';
import { overviewScreen } from '../../src/app/views/overview.ts';
import { panesAnywhere } from '../../src/app/views/registry.ts';
import { cadences } from '../../src/app/watch.ts';
import { mergeIntervals } from '../../src/config/settings.ts';
import { connect } from '../../src/db/client.ts';
import { type AnyPoll, inOrder } from '../../src/db/poll.ts';
import { CHECKS, pollsOf } from '../../src/health/registry.ts';
import { Pace } from '../../src/monitor/pace.ts';
import { Reading } from '../../src/monitor/reading.ts';
import { DEFAULT_WANTS } from '../../src/monitor/wants.ts';
import { percentile, serverMs } from './measure.ts';
import { DATABASE, type Stage } from './stage.ts';

/** What one question of the checks costs the server. */
export interface Question {
  readonly id: string;
  /** Seconds between two of them. */
  readonly every: number;
  /** Milliseconds: the median of several, planning and execution. */
  readonly ms: number;
  /** The first screen reads it too: it costs nothing more. */
  readonly shown: boolean;
}

/** The first one fills caches. */
const ROUNDS = 6;
/** Who asks: its statements are told apart from those of the console. */
export const HEALTH_ROLE = 'pgdeck_health';
const SHOWN = new Set(
  inOrder([...HEADER_POLLS, ...panesAnywhere(overviewScreen).flatMap(({ polls }) => polls)]),
);

/** Asks what all checks read, one question at a time, as a role that may read all statistics. */
export async function questions(stage: Stage): Promise<readonly Question[]> {
  const target = stage.cluster.target({ user: HEALTH_ROLE, database: DATABASE });
  const session = await connect(target, 'slow', 'pgdeck-monitor');
  const polls = [...inOrder(pollsOf(CHECKS))];
  const costs = new Map<AnyPoll, number[]>(polls.map((poll) => [poll, []]));
  const spent = async () => (await serverMs(stage.admin)).get(HEALTH_ROLE) ?? 0;
  try {
    const reading = new Reading(session, DEFAULT_WANTS);
    for (let round = 0; round < ROUNDS; round++)
      for (const poll of polls) {
        const before = await spent();
        await reading.read([poll]);
        if (round > 0) costs.get(poll)?.push((await spent()) - before);
        // counters that are read again at once would be the same ones
        await delay(5);
      }
  } finally {
    await session.close();
  }
  const pace = new Pace(cadences(mergeIntervals(), 1));
  return polls.map((poll) => {
    const ms = percentile(costs.get(poll) ?? [], 0.5);
    // what it costs decides how often it is asked
    pace.asked(poll, 0, ms);
    return { id: poll.query.id, every: pace.every(poll), ms, shown: SHOWN.has(poll) };
  });
}
