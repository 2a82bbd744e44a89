import type { Session } from '../../../../db/session.ts';
import type { Migration } from '../../files/migration.ts';
import type { AppliedRow, Command, DirtyRow } from '../../history/rows.ts';
import type { Direction } from '../../types.ts';

/** What a tool's table says. */
export interface Entries {
  readonly applied: readonly AppliedRow[];
  readonly dirty: readonly DirtyRow[];
}

/** What a table is read by. */
export interface Around {
  readonly migrations: readonly Migration[];
  /** Absolute; the last part may name what the files are of. */
  readonly directory: string;
  /** Versions that our own table holds as applied, for a tool that keeps only the newest one. */
  readonly others: readonly string[];
}

/** What a row is written by. */
export interface Writing {
  /** The version before it, undefined for the first. */
  readonly previous: string | undefined;
  readonly directory: string;
}

/** How a tool's history is known, and what it says. `table` is quoted, with its schema. */
export interface HistoryTool {
  readonly tableName: string;
  /** The one schema that its table is in; undefined: that of the search path. */
  readonly schema?: string;
  /** Columns that a table of that name has when it is this tool's. */
  readonly columns: readonly string[];
  /** Columns that it has when it is another tool's. */
  readonly without?: readonly string[];
  read(session: Session, table: string, around: Around): Promise<Entries>;
}

/** A table of the tool's name with these columns is the tool's. */
export const hasColumnsOf = (
  { columns, without = [] }: Pick<HistoryTool, 'columns' | 'without'>,
  there: readonly string[],
): boolean =>
  columns.every((column) => there.includes(column)) && !without.some((column) => there.includes(column));

/** A history that pgdeck writes as its tool does. */
export interface LedgerTool extends HistoryTool {
  /** A schema for our own table, where the tool would take it for a part of what it looks after. */
  readonly companionSchema?: string;
  /** It holds the newest version only: one below it cannot go alone. */
  readonly newestOnly?: true;
  /** pgdeck kept these in its own table before: what stands there stays there. */
  readonly formerlyOurs?: true;
  /**
   * Its settings can give the table another name: where none has the usual one, a table of just these columns is its
   * history when a sum in it is that of a file.
   */
  readonly renamable?: readonly string[];
  /** Why a table of its name with other columns is not its own; a sentence with the next step. */
  unfit?(columns: readonly string[]): string | undefined;
  /** Why the table is not made where it is missing; a sentence with the next step. */
  readonly absent?: string;
  /** As the tool itself would make it. `schema` is quoted. */
  create(table: string, schema: string): readonly string[];
  /** `ms`: how long it took. */
  applied(table: string, migration: Migration, writing: Writing, ms: number): readonly Command[];
  removed(table: string, migration: Migration, writing: Writing, ms: number): readonly Command[];
  /** The tool's own dirty mark, where it has one. */
  begun?(table: string, migration: Migration, direction: Direction, writing: Writing): readonly Command[];
  /** Takes the tool's own dirty mark back. */
  abandoned?(table: string, migration: Migration, direction: Direction, writing: Writing): readonly Command[];
  forgotten(table: string, row: AppliedRow, writing: Writing): readonly Command[];
  /** The tool's sum of the file becomes that of the file as it is now. */
  accepted?(table: string, migration: Migration): readonly Command[];
}

export const command = (text: string, ...params: unknown[]): Command => ({ text, params });

/** A row of a tool that tells only what and when. */
export function appliedRow(row: Pick<AppliedRow, 'version' | 'key'> & Partial<AppliedRow>): AppliedRow {
  return {
    name: null,
    applied_at: null,
    checksum: null,
    sum: null,
    applied_by: null,
    execution_ms: null,
    ...row,
  };
}

/** A column as text; null stays null. */
export const textOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : String(value);
export const numberOf = (value: unknown): number | null =>
  value === null || value === undefined ? null : Number(value);

/** SQL that gives a timestamptz as ISO 8601. */
export const isoOf = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
/** The same of a timestamp whose zone is not known. */
export const localIsoOf = (column: string): string => `to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS')`;
