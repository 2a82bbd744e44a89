import { databasePoll } from '../../db/queries/database.ts';
import { bytes, count, duration, milliseconds, percent } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import { graded } from '../grade.ts';
import { cacheLevel } from '../level.ts';
import { tooShort } from '../window.ts';

/** Blocks that were found in shared buffers, of those that were asked for lately. */
export const cacheHit = defineCheck({
  id: 'cache_hit',
  title: 'Cache hit ratio',
  category: 'cache',
  fix: 'queries or memory',
  reads: [databasePoll],
  judge: ({ figures, server, thresholds }) => {
    const { total, databases } = figures.vitals;
    const unknown = tooShort(total.seconds, total.reset);
    if (unknown) return { unknown };
    const { hitRatio, blocks, msPerRead } = total;
    if (hitRatio === null) return { because: `only ${count(blocks)} blocks were asked for in a minute` };
    const { measure, found } = graded('cache_hit_percent', 100 * hitRatio, thresholds);
    if (found === undefined) return { measure };
    if (cacheLevel(hitRatio, msPerRead, thresholds) === 'normal')
      return {
        because: `${percent(hitRatio)} were in shared buffers, and the others came from the system's cache: ${milliseconds(msPerRead)} each`,
      };
    const most = databases.reduce((a, b) => ((b.readsPerSecond ?? 0) > (a.readsPerSecond ?? 0) ? b : a));
    const reads =
      msPerRead === null
        ? 'track_io_timing is off: whether the reads were slow is not known'
        : `a read takes ${milliseconds(msPerRead)}`;
    const buffers = bytes(Number(server.settings.shared_buffers) * Number(server.settings.block_size));
    return {
      measure,
      findings: [
        {
          ...found,
          title: `Only ${percent(hitRatio)} of the blocks asked for were in shared buffers.`,
          evidence: `${count(blocks)} blocks in the last ${duration(total.seconds)}, from pg_stat_database; ${reads}; ${most.row.datname} reads most.`,
          why: 'Every other block comes from the disk, which is many times slower.',
          remedy: {
            advice: `Look for statements that read many blocks, and for indexes that they lack; where what is in use is larger than shared_buffers (${buffers}), raise it, which takes a restart.`,
          },
        },
      ],
    };
  },
});
