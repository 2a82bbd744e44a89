import { databasePoll } from '../../db/queries/database.ts';
import { bytes, duration, plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import { databaseEvents, foundLately } from '../events.ts';

/** Less is a sort now and then. */
const WORTH_KNOWING = 10 * 1024 ** 2;
/** As much within an hour keeps a disk busy. */
const MUCH = 1024 ** 3;

/** Temporary files that were written within the last hour, as far as it was sampled. */
export const tempFiles = defineCheck({
  id: 'temp_files',
  title: 'Temporary files',
  category: 'errors',
  fix: '`work_mem`',
  reads: [databasePoll],
  counts: [databaseEvents],
  judge: (facts) =>
    foundLately('temp_bytes', facts, (row, { seconds, delta: { temp_files = 0, temp_bytes = 0 } }) => {
      if (temp_bytes < WORTH_KNOWING) return undefined;
      const much = temp_bytes >= MUCH;
      return {
        object: row.datname,
        severity: much ? 'warning' : 'info',
        title: `${bytes(temp_bytes)} of temporary files in ${row.datname} within the last ${duration(seconds)}.`,
        value: temp_bytes,
        unit: 'bytes',
        ...(much && { threshold: MUCH }),
        evidence: `From pg_stat_database: ${plural(temp_files, 'file')}; ${bytes(row.temp_bytes)} since ${row.stats_reset?.slice(0, 16) ?? 'the statistics began'}.`,
        why: 'Sorts and hashes that do not fit into work_mem are written to the disk and read again.',
        remedy: {
          advice:
            'Set log_temp_files to see which statements they are, and raise work_mem for their role or transaction rather than for all; for CREATE INDEX it is maintenance_work_mem.',
        },
      };
    }),
});
