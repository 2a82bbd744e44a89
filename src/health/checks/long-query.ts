import { type ActivityRow, activityPoll } from '../../db/queries/activity.ts';
import { type LockRow, locksPoll } from '../../db/queries/locks.ts';
import { duration, plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';
import { graded } from '../grade.ts';
import { pidsOf, sessionsLeftOut } from '../pids.ts';

/**
 * How long a query has run without the wait for a lock that it is in: that is told as a wait, and whoever holds it up is
 * to be ended, not the query. Before 14 a wait is not timed.
 */
function ranFor(
  { pid, query_seconds, wait_event_type }: ActivityRow,
  waits: ReadonlyMap<number, LockRow>,
): number {
  const seconds = query_seconds ?? 0;
  if (wait_event_type !== 'Lock') return seconds;
  return Math.max(0, seconds - (waits.get(pid)?.wait_seconds ?? seconds));
}

/** Queries that run for long, by the role and database that run them: a pid is another one tomorrow. */
export const longQuery = defineCheck({
  id: 'long_query',
  title: 'Long queries',
  category: 'queries',
  fix: 'the query',
  reads: [activityPoll],
  also: [locksPoll],
  judge: (facts) => {
    const sessions = facts.figures.rows(activityPoll);
    const running = sessions
      // a WAL sender is active for as long as its standby is connected
      .filter(({ state, backend_type }) => state === 'active' && backend_type === 'client backend');
    const waits = new Map(facts.figures.rows(locksPoll).map((row) => [row.pid, row]));
    const ran = (row: ActivityRow) => ranFor(row, waits);
    const longest = (rows: readonly ActivityRow[]) => Math.max(0, ...rows.map(ran));
    const { measure } = graded('long_query_seconds', longest(running), facts.thresholds);
    const byWho = Map.groupBy(running, ({ usename, datname }) => `${usename ?? '-'}@${datname ?? '-'}`);
    const findings = [...byWho].flatMap(([object, rows]): Found[] => {
      const { found } = graded('long_query_seconds', longest(rows), facts.thresholds);
      if (found === undefined) return [];
      const long = rows.filter((row) => ran(row) > measure.levels.normal).sort((a, b) => ran(b) - ran(a));
      return [
        {
          object,
          ...found,
          title: `${plural(long.length, 'query', 'queries')} of ${object} ${long.length === 1 ? 'runs' : 'run'} for long, the longest for ${duration(found.value)}.`,
          evidence: `Read from pg_stat_activity now; pid ${pidsOf(long)}. A wait for a lock is not counted.${sessionsLeftOut(sessions)}`,
          why: 'Until it ends, VACUUM removes no row version that it might still see, and its locks are held.',
          remedy: {
            advice:
              'Look at its plan (pgdeck explain), and cancel it (pgdeck cancel PID) where nobody waits for it.',
          },
        },
      ];
    });
    return { measure, findings };
  },
});
