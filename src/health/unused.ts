import { displayName } from '../db/ident.ts';
import type { indexDuplicate, indexUnused } from '../db/queries/indexes.ts';
import { autovacuumPoll } from '../db/queries/maintain/due.ts';
import type { RowOf } from '../db/query.ts';
import type { Facts } from './check.ts';

/** Below it an index costs less than the question whether it may go. */
const BIG_BYTES = 100 * 1024 ** 2;

type Unused = RowOf<typeof indexUnused>;

/** Whether scans have been counted for so long that none means something. Unknown is not long. */
export function countedLong({ figures, thresholds }: Pick<Facts, 'figures' | 'thresholds'>): boolean {
  const seconds = figures.rows(autovacuumPoll)[0]?.stats_seconds ?? 0;
  return seconds >= thresholds.unused_index_days * 86_400;
}

/** An index whose work this one could do: of the two only one may go. */
export function coveredBy(
  row: Unused,
  duplicates: readonly RowOf<typeof indexDuplicate>[],
): string | undefined {
  const found = duplicates.find(
    ({ schemaname, relname, kept }) =>
      schemaname === row.schemaname && relname === row.relname && kept === row.indexrelname,
  );
  return found && displayName(found.schemaname, found.indexrelname);
}

/** Whether an index without a scan is a fault by its size, and does nothing that no scan shows. */
export function isBigWaste({ est_bytes, supports_fk, has_expressions }: Unused): boolean {
  return (est_bytes ?? 0) >= BIG_BYTES && !supports_fk && !has_expressions;
}
