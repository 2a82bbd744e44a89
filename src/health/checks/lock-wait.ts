import { summaryPoll } from '../../db/queries/activity.ts';
import { type LockRow, locksPoll } from '../../db/queries/locks.ts';
import { duration, plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';
import { graded } from '../grade.ts';

/** As many that have waited as long as `critical` are a storm. */
const STORM = 10;

/** Before 14 pg_locks has no waitstart: the wait is no longer than the query. */
const waited = ({ wait_seconds, query_seconds }: LockRow): number => wait_seconds ?? query_seconds ?? 0;

/** How long sessions wait for locks, by what they wait for. */
export const lockWait = defineCheck({
  id: 'lock_wait',
  title: 'Waits for locks',
  category: 'locks',
  fix: 'ending the blocker',
  reads: [summaryPoll, locksPoll],
  judge: (facts) => {
    const waiting = facts.figures.rows(locksPoll).filter(({ n_blockers }) => n_blockers > 0);
    const longest = (rows: readonly LockRow[]) => rows.reduce((most, row) => Math.max(most, waited(row)), 0);
    const { measure } = graded('lock_wait_seconds', longest(waiting), facts.thresholds);
    const storm =
      waiting.filter((row) => waited(row) >= facts.thresholds.lock_wait_seconds.critical).length >= STORM;
    const byTarget = Map.groupBy(waiting, ({ relation, locktype }) => relation ?? locktype ?? 'unknown');
    const findings = [...byTarget].flatMap(([object, rows]): Found[] => {
      const { found } = graded('lock_wait_seconds', longest(rows), facts.thresholds);
      if (found === undefined) return [];
      const modes = [...new Set(rows.flatMap(({ mode }) => mode ?? []))].join(', ');
      return [
        {
          object,
          ...found,
          title: `${plural(rows.length, 'session')} ${rows.length === 1 ? 'waits' : 'wait'} for a lock on ${object}, the longest for ${duration(found.value)}.`,
          evidence: `Read from pg_locks now; asked for: ${modes}.${facts.server.major < 14 ? ' Before PostgreSQL 14 a wait is not timed: this is since the query began.' : ''}`,
          why: 'Those who wait do no work, and each of them may hold up others.',
          remedy: { advice: 'Look at who blocks them (3) and end or cancel the one that frees most (B).' },
          ...(storm && { cap: 60 }),
        },
      ];
    });
    return { measure, findings };
  },
});
