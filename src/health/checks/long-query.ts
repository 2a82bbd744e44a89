import { type ActivityRow, activityPoll } from '../../db/queries/activity.ts';
import { duration, plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';
import { graded } from '../grade.ts';

/** Queries that run for long, by the role and database that run them: a pid is another one tomorrow. */
export const longQuery = defineCheck({
  id: 'long_query',
  title: 'Long queries',
  category: 'queries',
  fix: 'the query',
  reads: [activityPoll],
  judge: (facts) => {
    const running = facts.figures
      .rows(activityPoll)
      // a WAL sender is active for as long as its standby is connected
      .filter(({ state, backend_type }) => state === 'active' && backend_type === 'client backend');
    const longest = (rows: readonly ActivityRow[]) =>
      Math.max(0, ...rows.map((row) => row.query_seconds ?? 0));
    const { measure } = graded('long_query_seconds', longest(running), facts.thresholds);
    const byWho = Map.groupBy(running, ({ usename, datname }) => `${usename ?? '-'}@${datname ?? '-'}`);
    const findings = [...byWho].flatMap(([object, rows]): Found[] => {
      const { found } = graded('long_query_seconds', longest(rows), facts.thresholds);
      if (found === undefined) return [];
      const long = rows.filter((row) => (row.query_seconds ?? 0) > measure.levels.normal);
      return [
        {
          object,
          ...found,
          title: `${plural(long.length, 'query', 'queries')} of ${object} ${long.length === 1 ? 'runs' : 'run'} for long, the longest for ${duration(found.value)}.`,
          evidence: `Read from pg_stat_activity now; pid ${long.map(({ pid }) => pid).join(', ')}.`,
          why: 'Until it ends, VACUUM removes no row version that it might still see, and its locks are held.',
          remedy: {
            advice: 'Look at its plan (2, e); cancel it (c, or pgdeck cancel PID) where nobody waits for it.',
          },
        },
      ];
    });
    return { measure, findings };
  },
});
