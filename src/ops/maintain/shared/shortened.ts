import type { ResultTable } from '../../engine/plan.ts';

const SHOWN = 20;

/** A plan's table with its first rows; what more there is, is only counted. */
export function shortened(table: ResultTable): ResultTable {
  const more = table.rows.length - SHOWN;
  // one more takes no more room than its count
  if (more <= 1) return table;
  const counted = table.columns.map((_, at) => (at === 0 ? `and ${more} more` : ''));
  return { ...table, rows: [...table.rows.slice(0, SHOWN), counted] };
}
