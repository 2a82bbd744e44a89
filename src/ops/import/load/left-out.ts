import type { How } from '../convert/how.ts';
import { type Cell, Refusal } from '../convert/value.ts';
import type { BadPolicy, ColumnReport, ShapedTable } from '../shape/shape.ts';
import { type OrphanRows, orphanRows } from '../source/orphans.ts';
import { rowsOf, type SourceDatabase } from '../source/rows.ts';

const NONE: OrphanRows = new Map();

/**
 * The rows that are left out since what they refer to is not there, or is left out itself; none unless rows are left out at
 * all. `columns`: what was found in them.
 */
export function leftOut(
  database: SourceDatabase,
  tables: readonly ShapedTable[],
  bad: BadPolicy,
  columns: readonly ColumnReport[],
): OrphanRows {
  const sources = tables.map(({ source }) => source);
  if (bad !== 'reject' || sources.every(({ keys }) => keys.length === 0)) return NONE;
  const refused = new Set(columns.filter((one) => one.refused > 0).map(({ table }) => table));
  const left = tables
    .filter(({ source }) => refused.has(source.name) && !source.withoutRowid)
    .map((table) => [table.source.name, refusedRows(database, table)] as const);
  return orphanRows(database, sources, new Map(left));
}

/** The rows with a value that has no place. */
function refusedRows(database: SourceDatabase, { source, columns }: ShapedTable): string[] {
  const rows: string[] = [];
  const read = columns.map((column) => column.source);
  for (const { cells, key } of rowsOf(database, source, read))
    if (columns.some(({ how }, at) => isRefused(how, cells[at] ?? null))) rows.push(key());
  return rows;
}

const note = () => {};
const isRefused = ({ convert }: How, cell: Cell | Refusal): boolean =>
  cell instanceof Refusal || convert(cell, note) instanceof Refusal;
