import { displayName } from '../../db/ident.ts';
import { tableSizesRarePoll } from '../../db/queries/relations.ts';
import { bytes, roughly } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import { limitLevel } from '../level.ts';

/** Tables that are large: no fault, and worth knowing before a rewrite or a restore. */
export const tableSize = defineCheck({
  id: 'table_size',
  title: 'Large tables',
  category: 'disk',
  fix: 'partitions, or nothing',
  reads: [tableSizesRarePoll],
  judge: ({ figures, thresholds }) => ({
    findings: figures
      .rows(tableSizesRarePoll)
      .filter(
        ({ est_total_bytes }) => limitLevel('table_size_bytes', est_total_bytes, thresholds) !== 'normal',
      )
      .map((row) => {
        const object = displayName(row.schemaname, row.relname);
        return {
          object,
          severity: 'info',
          title: `${object} takes ${bytes(row.est_total_bytes)}.`,
          value: row.est_total_bytes,
          unit: 'bytes',
          threshold: thresholds.table_size_bytes,
          evidence: `${bytes(row.est_heap_bytes)} of rows, ${bytes(row.est_index_bytes)} of indexes, the rest is TOAST${row.est_rows === null ? '' : `; about ${roughly(row.est_rows, 'row')}`}; as of the last VACUUM or ANALYZE.`,
          why: 'VACUUM, a rewrite, a dump and a restore of it take their time, and free space on the disk.',
          remedy: {
            advice:
              'Where old rows are no longer asked for, partition it by time, so that they go with DROP TABLE; otherwise nothing has to be done.',
          },
        };
      }),
  }),
});
