import { duration, moment } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import { graded } from '../grade.ts';

const DAY_MS = 86_400_000;

/** How much work would be lost with this machine: backups that are only here go with it. */
export const remoteAge = defineCheck({
  id: 'remote_age',
  title: 'Age of the newest copy elsewhere',
  category: 'backups',
  fix: '`backups push`',
  reads: [],
  judge: ({ server, thresholds, outside: { now, backups, remote } }) => {
    if ('unknown' in remote) return { unknown: { reason: remote.unknown } };
    if (remote.known === null) return { because: 'The profile has no place for copies (backup.remote).' };
    if ('unknown' in backups) return { unknown: { reason: backups.unknown } };
    const { place, copies } = remote.known;
    const [backup] = backups.known;
    // without one the age of the newest backup is a finding of its own
    if (backup === undefined) return { because: `There is no backup of ${server.database} to be copied.` };
    const [newest] = copies;
    if (copies.some(({ id }) => id === backup.id)) return {};
    const remedy = {
      operation: 'backups push',
      input: { id: backup.id },
      cost: 'Sends all of the backup from this machine; the server is not touched.',
    };
    const noted = `By what pushes and listings have noted beside the backups; ${place} itself is not asked for this. The newest backup here is ${backup.id}, of ${moment(new Date(backup.madeAt))}.`;
    const why = 'What is only on this machine is lost with it.';
    if (newest === undefined)
      return {
        findings: [
          {
            severity: 'warning',
            title: `There is no copy of a backup of ${server.database} in ${place}.`,
            evidence: noted,
            why,
            remedy,
          },
        ],
      };
    const days = Math.max(0, now - newest.madeAt) / DAY_MS;
    const { found } = graded('remote_age_days', days, thresholds);
    if (found === undefined) return {};
    return {
      findings: [
        {
          ...found,
          title: `The newest copy of ${server.database} in ${place} is ${duration((days * DAY_MS) / 1000)} behind.`,
          evidence: `${newest.id}, of ${moment(new Date(newest.madeAt))}. ${noted}`,
          why,
          remedy,
        },
      ],
    };
  },
});
