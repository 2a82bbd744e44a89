import { plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found, Severity } from '../finding.ts';
import { RELEASES, RELEASES_AS_OF, type Release } from '../releases.ts';

const DAY_MS = 86_400_000;
/** A major upgrade is planned for longer than this. */
const AHEAD_DAYS = 180;
const YEAR_DAYS = 365;

/** Whether fixes are missing that have been published, or none will be any more. */
export const versionBehind = defineCheck({
  id: 'version_behind',
  title: 'Version',
  category: 'security',
  fix: 'an update',
  reads: [],
  judge: ({ server, outside }) => {
    const release = RELEASES[server.major];
    if (release === undefined)
      return {
        because: `PostgreSQL ${server.major} is newer than what is known of versions (${RELEASES_AS_OF}).`,
      };
    return {
      findings: [
        ...minor(server.versionNum % 10_000, server.version, release),
        ...endOfLife(server.major, release, outside.now),
      ],
    };
  },
});

function minor(own: number, version: string, { minor: newest }: Release): Found[] {
  const behind = newest - own;
  if (behind <= 0) return [];
  const major = version.split(/[^\d]/)[0];
  return [
    {
      object: 'minor',
      severity: 'warning',
      title: `PostgreSQL ${version} is ${plural(behind, 'minor release')} behind ${major}.${newest}.`,
      evidence: `${major}.${newest} was the newest on ${RELEASES_AS_OF}; there may be newer ones since.`,
      why: 'Minor releases hold nothing but fixes: of lost data, wrong results and security holes.',
      remedy: {
        advice: `Install ${major}.${newest} or newer and restart the server; read the release notes in between for what to do afterwards. No dump is needed.`,
      },
    },
  ];
}

/** By the clock of this machine, unless it is behind what was known already. */
function endOfLife(major: number, { endOfLife: end }: Release, clock: number): Found[] {
  const now = Math.max(clock, Date.parse(RELEASES_AS_OF));
  const days = (now - Date.parse(end)) / DAY_MS;
  if (days < -AHEAD_DAYS) return [];
  const severity: Severity = days > YEAR_DAYS ? 'alert' : days > 0 ? 'warning' : 'info';
  return [
    {
      object: 'end_of_life',
      severity,
      title:
        days > 0
          ? `PostgreSQL ${major} has had no more fixes since ${end}.`
          : `PostgreSQL ${major} gets its last fixes on ${end}.`,
      value: Math.round(days),
      unit: 'days',
      evidence: `Its end of life is ${end}, as known on ${RELEASES_AS_OF}. A provider may support it for longer.`,
      why: 'Security holes that are found from then on stay open.',
      remedy: {
        advice: `Plan the upgrade to a newer major version: pg_upgrade, logical replication, or a dump and restore.`,
      },
    },
  ];
}
