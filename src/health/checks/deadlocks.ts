import { databasePoll } from '../../db/queries/database.ts';
import { duration, exact, plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import { databaseEvents, foundLately } from '../events.ts';

/** As many within an hour are more than bad luck. */
const OFTEN = 60;

/** Deadlocks within the last hour, as far as it was sampled. */
export const deadlocks = defineCheck({
  id: 'deadlocks',
  title: 'Deadlocks',
  category: 'errors',
  fix: 'the application',
  reads: [databasePoll],
  counts: [databaseEvents],
  judge: (facts) =>
    foundLately('deadlocks', facts, (row, { seconds, delta: { deadlocks: count = 0 } }) => ({
      object: row.datname,
      severity: count >= OFTEN ? 'alert' : 'warning',
      title: `${plural(count, 'deadlock')} in ${row.datname} within the last ${duration(seconds)}.`,
      value: count,
      evidence: `From pg_stat_database: ${exact(row.deadlocks)} since ${row.stats_reset?.slice(0, 16) ?? 'the statistics began'}.`,
      why: 'In each of them one session was kept waiting and then lost what it had done in its transaction.',
      remedy: {
        advice:
          "Look for “deadlock detected” in the server's log, which names both statements; take locks in the same order everywhere, and try again where it still happens.",
      },
    })),
});
