import type { Thresholds } from '../../config/thresholds.ts';
import { displayName, quoteRelation } from '../../db/ident.ts';
import { type tableSizes, tableSizesRarePoll } from '../../db/queries/relations.ts';
import type { RowOf } from '../../db/query.ts';
import { bytes, plural, roughly } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { Found, Unknown } from '../finding.ts';
import { limitLevel } from '../level.ts';

type Row = RowOf<typeof tableSizes>;

/** A row takes more, as a rule. */
const ROW_BYTES = 100;
/** How many of these are named. */
const NAMED = 3;

/** Tables that are large: no fault, and worth knowing before a rewrite or a restore. */
export const tableSize = defineCheck({
  id: 'table_size',
  title: 'Large tables',
  category: 'disk',
  fix: 'partitions, or nothing',
  reads: [tableSizesRarePoll],
  judge: ({ figures, thresholds }) => {
    const rows = figures.rows(tableSizesRarePoll);
    const unknown = unsized(rows, thresholds);
    return { findings: findings(rows, thresholds), ...(unknown && { unknown }) };
  },
});

function findings(rows: readonly Row[], thresholds: Thresholds): Found[] {
  const large = rows.filter(
    ({ sized, est_total_bytes }) =>
      sized && limitLevel('table_size_bytes', est_total_bytes, thresholds) !== 'normal',
  );
  const more = large.length === rows.length ? ' There may be more: no smaller table was read.' : '';
  return large.map((row) => {
    const object = displayName(row.schemaname, row.relname);
    return {
      object,
      severity: 'info',
      title: `${object} takes ${bytes(row.est_total_bytes)}.`,
      value: row.est_total_bytes,
      unit: 'bytes',
      threshold: thresholds.table_size_bytes,
      evidence: `${bytes(row.est_heap_bytes)} of rows, ${bytes(row.est_index_bytes)} of indexes, the rest is TOAST${row.est_rows === null ? '' : `; about ${roughly(row.est_rows, 'row')}`}; as of the last VACUUM or ANALYZE.${more}`,
      why: 'VACUUM, a rewrite, a dump and a restore of it take their time, and free space on the disk.',
      remedy: {
        advice:
          'Where old rows are no longer asked for, partition it by time, so that they go with DROP TABLE; otherwise nothing has to be done.',
      },
    };
  });
}

/** Tables whose size nobody has noted yet, with so many rows that it may be large. */
function unsized(rows: readonly Row[], thresholds: Thresholds): Unknown | undefined {
  const some = rows.filter(
    ({ sized, est_rows }) => !sized && (est_rows ?? 0) * ROW_BYTES >= thresholds.table_size_bytes,
  );
  const [first] = some;
  if (first === undefined) return undefined;
  const names = some.slice(0, NAMED).map(({ schemaname, relname }) => displayName(schemaname, relname));
  const more = some.length > NAMED ? ` and ${some.length - NAMED} more` : '';
  return {
    reason: `The size of ${plural(some.length, 'table')} that may be large (${names.join(', ')}${more}) is not known: VACUUM and ANALYZE note it, and have not come there yet.`,
    remedy: `ANALYZE ${quoteRelation({ schema: first.schemaname, name: first.relname })}`,
  };
}
