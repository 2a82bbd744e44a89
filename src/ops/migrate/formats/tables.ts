import type { HistoryTable } from '../queries/tables.ts';
import { FORMATS } from './registry.ts';
import { type HistoryTool, hasColumnsOf } from './shared/ledger.ts';

/** Schemas that are one tool's: a table in them is no other's. */
const TAKEN: ReadonlySet<string> = new Set(FORMATS.flatMap(({ ledger }) => ledger.schema ?? []));

type Known = Pick<HistoryTool, 'tableName' | 'schema' | 'columns' | 'without'>;

/** Where the tool's table would be, whatever its columns are. */
export const isPlaceOf = (
  { tableName, schema }: Known,
  table: Pick<HistoryTable, 'schema' | 'name'>,
): boolean =>
  table.name === tableName && (schema === undefined ? !TAKEN.has(table.schema) : table.schema === schema);

/** Of these tables the tool's own, in their order. */
export const tablesOf = (tool: Known, found: readonly HistoryTable[]): HistoryTable[] =>
  found.filter((table) => isPlaceOf(tool, table) && hasColumnsOf(tool, table.columns));
