import { quoteIdent } from '../../db/ident.ts';
import { roleExpiryPoll } from '../../db/queries/roles.ts';
import { duration } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';

const DAY = 86_400;

/** Roles that cannot log in with their password soon, or no more. */
export const passwordExpiry = defineCheck({
  id: 'password_expiry',
  title: 'Passwords that end',
  category: 'security',
  fix: 'a new password',
  reads: [roleExpiryPoll],
  judge: ({ figures, thresholds: { password_expiry_days: limit } }) => ({
    findings: figures.rows(roleExpiryPoll).flatMap(({ role, until, left_seconds: left }): Found[] => {
      const days = left / DAY;
      if (days > limit) return [];
      const passed = left <= 0;
      // one that has been so for long is left so by intention
      const stale = days < -limit;
      return [
        {
          object: role,
          severity: stale ? 'info' : passed ? 'alert' : 'warning',
          title: passed
            ? `The password of ${role} has ended ${duration(-left)} ago.`
            : `The password of ${role} ends in ${duration(left)}.`,
          value: days,
          unit: 'days',
          threshold: limit,
          evidence: `VALID UNTIL ${until} in pg_roles, by the clock of the server. Whether the role has a password is not looked at.`,
          why: passed
            ? 'Nobody can log in as this role with a password; what is connected stays so.'
            : 'From then on nobody can log in as this role with a password.',
          remedy: stale
            ? {
                sql: `ALTER ROLE ${quoteIdent(role)} NOLOGIN`,
                cost: 'Nobody logs in as this role any more, in no way. Where it is still wanted: give it another date.',
              }
            : {
                advice: `Set a new password, in psql: \\password ${quoteIdent(role)}, then its date: ALTER ROLE ${quoteIdent(role)} VALID UNTIL '…'.`,
              },
        },
      ];
    }),
  }),
});
