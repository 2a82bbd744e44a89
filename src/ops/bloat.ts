import type { BloatUnknown } from '../db/queries/bloat.ts';

const REASONS: Readonly<Record<BloatUnknown, string>> = {
  rights: 'no SELECT on it, so its statistics are hidden',
  row_security: 'row security hides its statistics',
  no_statistics: 'it has no statistics (ANALYZE)',
  no_date: 'the age of its statistics is lost (ANALYZE)',
  old: 'statistics are old (ANALYZE)',
  dedup: 'deduplicated',
  partial: 'its statistics are of all rows, not of those in a partial index',
};

/** Why there is no estimate, and what would change that. */
export function bloatUnknownText(why: BloatUnknown): string {
  return `not known: ${REASONS[why]}`;
}
