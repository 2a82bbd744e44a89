import { duration, moment } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';
import type { BackupFact } from '../outside.ts';

const DAY_MS = 86_400_000;

/** Whether anybody knows that a backup can be restored. */
export const backupUnproven = defineCheck({
  id: 'backup_unproven',
  title: 'Backups that are not proven',
  category: 'backups',
  fix: '`backups verify`',
  reads: [],
  judge: ({ server, thresholds: { backup_proven_days: limit }, outside: { now, backups } }) => {
    if ('unknown' in backups) return { unknown: { reason: backups.unknown } };
    const [newest] = backups.known;
    if (newest === undefined) return { because: `There is no backup of ${server.database} to be proven.` };
    const age = (at: number) => Math.max(0, now - at) / DAY_MS;
    const proven = Math.max(...backups.known.map(({ provenAt }) => provenAt ?? Number.NEGATIVE_INFINITY));
    const findings: Found[] = [];
    if (newest.verifiedAt === null) findings.push(unverified(newest));
    if (age(proven) > limit) {
      const oldest = Math.min(...backups.known.map(({ madeAt }) => madeAt));
      findings.push({
        // the first backups have had no time to be restored
        severity: age(oldest) > limit ? 'warning' : 'info',
        title: Number.isFinite(proven)
          ? `No backup of ${server.database} has been restored for proof for ${duration((now - proven) / 1000)}.`
          : `No backup of ${server.database} has ever been restored for proof.`,
        ...(Number.isFinite(proven) && { value: age(proven) }),
        unit: 'days',
        threshold: limit,
        evidence: `${newest.id} is the newest; what its manifest and those of the others say of verifications at the level restore.`,
        why: 'Only a backup that has been restored and compared is known to be one.',
        remedy: {
          operation: 'backups verify',
          input: { id: newest.id, level: 'restore' },
          cost: 'Starts a throwaway server on this machine and loads the backup into it; the live server is not touched.',
        },
      });
    }
    return { findings };
  },
});

function unverified({ id, madeAt }: BackupFact): Found {
  return {
    object: 'unverified',
    severity: 'warning',
    title: `The newest backup, ${id}, was never verified.`,
    evidence: `Its manifest has no verification since it was made, ${moment(new Date(madeAt))}.`,
    why: 'Whether the archive can be read to its end is not known.',
    remedy: {
      operation: 'backups verify',
      input: { id, level: 'counts' },
      cost: 'Reads the whole backup on this machine; the server is not touched.',
    },
  };
}
