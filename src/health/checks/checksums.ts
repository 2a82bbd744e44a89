import { checksumsPoll } from '../../db/queries/checksums.ts';
import { shellWord } from '../../text/shell.ts';
import { duration, plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found, Remedy } from '../finding.ts';

/** Pages that are not what was written, and whether that would be noticed. */
export const checksums = defineCheck({
  id: 'checksums',
  title: 'Data checksums',
  category: 'errors',
  fix: '`check`, then a restore',
  reads: [checksumsPoll],
  judge: ({ figures, server }) => {
    const rows = figures.rows(checksumsPoll);
    const findings = rows
      .filter(({ failures }) => failures > 0)
      .map((row): Found => {
        const object = row.datname ?? 'shared catalogs';
        return {
          object,
          severity: 'critical',
          title: `${plural(row.failures, 'page')} of ${object} did not match ${row.failures === 1 ? 'its checksum' : 'their checksums'}.`,
          value: row.failures,
          evidence: `Counted in pg_stat_database since ${row.stats_reset?.slice(0, 16) ?? 'the statistics began'}, the last ${duration(row.last_failure_seconds)} ago; each read of a damaged page counts again.`,
          why: 'What is on the disk is not what was written: the disk, its controller or memory is failing, and data is lost.',
          remedy: remedyIn(row.datname, server.database),
          cap: 30,
        };
      });
    if (findings.length > 0 || rows.length === 0 || rows.some(({ enabled }) => enabled)) return { findings };
    if (server.vendor !== 'self') return { because: 'the service keeps the data whole in its own way' };
    return {
      findings: [
        {
          severity: 'info',
          title: 'Data checksums are off: a page that the disk has damaged is not noticed.',
          evidence: 'data_checksums is off.',
          why: 'Damage is found late, and by then it is in the backups too.',
          remedy: {
            advice:
              'Switch them on while the server is stopped: pg_checksums --enable reads and writes every page. A standby has to be done as well.',
          },
        },
      ],
    };
  },
});

const AFTER =
  "The server's log names the pages. Back up what can be read, move to other hardware or to a standby, and restore what is damaged. The count stays until pg_stat_reset() in that database, which empties its other counters too.";

/** What is damaged is found by a check, in the database that it is in; every database has the shared catalogs. */
function remedyIn(database: string | null, here: string): Remedy {
  if (database !== null && database !== here)
    return { advice: `Find what is damaged: pgdeck check -d ${shellWord(database)}. ${AFTER}` };
  return {
    operation: 'check',
    input: {},
    cost: `Reads every index and table with the lock of a SELECT, and says which are damaged. ${AFTER}`,
  };
}
