import { databaseEstimatePoll } from '../../db/queries/database.ts';
import { duration, moment } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import { graded } from '../grade.ts';

const DAY_MS = 86_400_000;

/** How much work a restore of the newest backup would lose. */
export const backupAge = defineCheck({
  id: 'backup_age',
  title: 'Age of the newest backup',
  category: 'backups',
  fix: '`backup`',
  reads: [databaseEstimatePoll],
  judge: ({ figures, server, thresholds, outside: { now, backups } }) => {
    if (figures.rows(databaseEstimatePoll)[0]?.tables === 0)
      return { because: `The database ${server.database} holds no tables.` };
    if ('unknown' in backups) return { unknown: { reason: backups.unknown } };
    const [newest] = backups.known;
    const remedy = {
      operation: 'backup',
      input: { database: [server.database] },
      cost: 'Reads all of the database; reads and writes go on, and changes of definitions wait.',
    };
    const evidence =
      'Whole backups that pgdeck made of this database and that are not damaged, in its repository; safety backups and those of other tools are not counted.';
    if (newest === undefined)
      return {
        findings: [
          {
            // another tool may make them
            severity: 'warning',
            title: `There is no backup of ${server.database}.`,
            evidence,
            why: 'What is lost in the database is lost for good.',
            remedy,
          },
        ],
      };
    const days = Math.max(0, now - newest.madeAt) / DAY_MS;
    const { found } = graded('backup_age_days', days, thresholds);
    if (found === undefined) return {};
    return {
      findings: [
        {
          ...found,
          title: `The newest backup of ${server.database} is ${duration((days * DAY_MS) / 1000)} old.`,
          evidence: `${newest.id}, of ${moment(new Date(newest.madeAt))}. ${evidence}`,
          why: 'A restore would lose everything that was written since.',
          remedy,
        },
      ],
    };
  },
});
