import { databasePoll } from '../../db/queries/database.ts';
import type { DatabaseVitals } from '../../monitor/derived/vitals.ts';
import { count, duration, percent } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';
import { graded } from '../grade.ts';
import { tooShort } from '../window.ts';

/** Of fewer transactions a share says nothing: one in two is half of them. */
const MANY = 100;

const share = ({ rollbackRatio }: DatabaseVitals): number => 100 * (rollbackRatio ?? 0);

/** Transactions that were rolled back lately, by database. */
export const rollbacks = defineCheck({
  id: 'rollbacks',
  title: 'Transactions rolled back',
  category: 'errors',
  fix: 'the application',
  reads: [databasePoll],
  judge: ({ figures, thresholds }) => {
    const unknown = tooShort(figures.vitals.total.seconds, figures.vitals.total.reset);
    if (unknown) return { unknown };
    const busy = figures.vitals.databases.filter(({ transactions }) => (transactions ?? 0) >= MANY);
    if (busy.length === 0) return { because: `no database had ${MANY} transactions in the last minute` };
    const { measure } = graded('rollback_percent', Math.max(...busy.map(share)), thresholds);
    const findings = busy.flatMap((one): Found[] => {
      const { found } = graded('rollback_percent', share(one), thresholds);
      if (found === undefined) return [];
      const { row, rollbackRatio, transactions, seconds } = one;
      return [
        {
          object: row.datname,
          ...found,
          title: `${percent(rollbackRatio)} of the transactions in ${row.datname} are rolled back.`,
          evidence: `Of ${count(transactions)} in the last ${duration(seconds)}, from pg_stat_database; what pgdeck asks is not among them.`,
          why: 'What they have done is thrown away: statements fail, or an application gives up what it has begun.',
          remedy: {
            advice: `Read the errors of ${row.datname} in the server's log. A pool or driver that ends with ROLLBACK what has only read counts too, and does no harm.`,
          },
        },
      ];
    });
    return { measure, findings };
  },
});
