import { type ActivityRow, activityPoll } from '../../db/queries/activity.ts';
import { duration, plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';
import { graded } from '../grade.ts';
import { pidsOf, sessionsLeftOut } from '../pids.ts';

/** Sessions that have begun a transaction and do nothing, by their role and database. */
export const idleInTransaction = defineCheck({
  id: 'idle_in_transaction',
  title: 'Idle in transaction',
  category: 'transactions',
  fix: '`terminate`',
  reads: [activityPoll],
  judge: (facts) => {
    const sessions = facts.figures.rows(activityPoll);
    const idle = sessions.filter(({ state }) => state?.startsWith('idle in transaction'));
    const longest = (rows: readonly ActivityRow[]) =>
      Math.max(0, ...rows.map((row) => row.state_seconds ?? 0));
    const { measure } = graded('idle_in_transaction_seconds', longest(idle), facts.thresholds);
    const byWho = Map.groupBy(idle, ({ usename, datname }) => `${usename ?? '-'}@${datname ?? '-'}`);
    const findings = [...byWho].flatMap(([object, rows]): Found[] => {
      const { found } = graded('idle_in_transaction_seconds', longest(rows), facts.thresholds);
      if (found === undefined) return [];
      const long = rows
        .filter((row) => (row.state_seconds ?? 0) > measure.levels.normal)
        .sort((a, b) => (b.state_seconds ?? 0) - (a.state_seconds ?? 0));
      return [
        {
          object,
          ...found,
          title: `${plural(long.length, 'session')} of ${object} ${long.length === 1 ? 'is' : 'are'} idle in transaction, the longest for ${duration(found.value)}.`,
          evidence: `Read from pg_stat_activity now; pid ${pidsOf(long)}.${sessionsLeftOut(sessions)}`,
          why: 'Its locks are held and VACUUM removes no row version that is newer than its snapshot, for nothing.',
          remedy: {
            operation: 'terminate',
            input: { pid: long.map(({ pid }) => String(pid)) },
            cost: 'The session ends, and what it has not committed is undone. The next one is ended by idle_in_transaction_session_timeout, where the application cannot be fixed.',
          },
        },
      ];
    });
    return { measure, findings };
  },
});
