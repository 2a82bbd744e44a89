import { quoteLiteral } from '../../db/ident.ts';
import { preparedPoll } from '../../db/queries/wal.ts';
import { count, duration } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';
import { graded } from '../grade.ts';

/** Its transaction manager has forgotten one that is older. */
const FORGOTTEN_SECONDS = 3600;
/** The score while there is one. */
const CAP = 79;

/** Prepared transactions that nobody ends: no session shows them. */
export const preparedTransaction = defineCheck({
  id: 'prepared_transaction',
  title: 'Prepared transactions',
  category: 'transactions',
  fix: '`prepared`',
  reads: [preparedPoll],
  judge: (facts) => {
    const rows = facts.figures.rows(preparedPoll);
    if (rows.length === 0) return { because: 'no transaction is prepared' };
    const findings = rows.flatMap(({ gid, owner, database, prepared_seconds, xid_age }): Found[] => {
      const { found } = graded('idle_in_transaction_seconds', prepared_seconds, facts.thresholds);
      const forgotten = prepared_seconds > FORGOTTEN_SECONDS;
      if (found === undefined && !forgotten) return [];
      const threshold = forgotten ? FORGOTTEN_SECONDS : facts.thresholds.idle_in_transaction_seconds.normal;
      return [
        {
          object: gid,
          severity: forgotten ? 'alert' : 'warning',
          title: `The transaction ${quoteLiteral(gid).trim()} was prepared ${duration(prepared_seconds)} ago and not ended.`,
          value: prepared_seconds,
          unit: 's',
          threshold,
          evidence: `Read from pg_prepared_xacts now: of ${owner ?? 'a dropped role'} in ${database ?? 'a dropped database'}; ${count(xid_age)} transactions were begun since.`,
          why: 'It holds its locks and keeps VACUUM from removing rows, over restarts too, and no session shows it.',
          remedy: {
            operation: 'prepared',
            input: { gid },
            cost: 'Its locks are released; ask its transaction manager whether it was to be committed or rolled back.',
          },
          ...(forgotten && { cap: CAP }),
        },
      ];
    });
    return { findings };
  },
});
