import { bytes, percent } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found } from '../finding.ts';
import { graded } from '../grade.ts';
import type { VolumeFact } from '../outside.ts';

const used = ({ totalBytes, freeBytes }: VolumeFact): number => 1 - freeBytes / totalBytes;

/** How full the file systems are that the server writes to; SQL does not tell. */
export const disk = defineCheck({
  id: 'disk',
  title: 'Disk in use',
  category: 'disk',
  fix: 'room',
  reads: [],
  judge: ({ outside, thresholds }) => {
    if ('unknown' in outside.volumes) return { unknown: { reason: outside.volumes.unknown } };
    const volumes = outside.volumes.known.filter(({ totalBytes }) => totalBytes > 0);
    if (volumes.length === 0) return { unknown: { reason: 'No file system of the server is known.' } };
    const worst = Math.max(...volumes.map(used));
    const { measure } = graded('disk_percent', 100 * worst, thresholds);
    const findings = volumes.flatMap((volume): Found[] => {
      const { found } = graded('disk_percent', 100 * used(volume), thresholds);
      if (found === undefined) return [];
      const { name, freeBytes, totalBytes } = volume;
      return [
        {
          object: name,
          ...found,
          title: `The disk of ${name} is ${percent(used(volume))} full: ${bytes(freeBytes)} are left.`,
          evidence: `Of ${bytes(totalBytes)}, as its file system tells now.`,
          why: 'When it is full, writes fail; when pg_wal is, the server stops.',
          remedy: {
            advice:
              'See what grows: tables, temporary files, or pg_wal, which replication slots and a failing archive_command make grow; make room or a larger disk, and delete nothing in pg_wal by hand.',
          },
          ...(found.severity === 'critical' && { cap: 30 }),
        },
      ];
    });
    return { measure, findings };
  },
});
