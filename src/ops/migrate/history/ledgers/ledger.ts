import type { Session } from '../../../../db/session.ts';
import type { Migration } from '../../files/migration.ts';
import type { Direction } from '../../types.ts';
import type { AppliedRow, Command, DirtyRow, LedgerKind } from '../history.ts';

/** What a tool's table says. */
export interface Entries {
  readonly applied: readonly AppliedRow[];
  readonly dirty: readonly DirtyRow[];
}

/** How a tool keeps its history. `table` is quoted, with its schema. */
export interface LedgerTool {
  readonly kind: LedgerKind;
  readonly tableName: string;
  /** A table of that name with these columns is this tool's. */
  fits(columns: readonly string[]): boolean;
  /** As the tool itself would make it. */
  create(table: string): readonly string[];
  /** `others`: versions that our own table holds as applied, for a tool that keeps only the newest one. */
  read(
    session: Session,
    table: string,
    migrations: readonly Migration[],
    others: readonly string[],
  ): Promise<Entries>;
  /** `previous`: the version before it, undefined for the first. */
  applied(table: string, migration: Migration, previous: string | undefined): readonly Command[];
  removed(table: string, migration: Migration, previous: string | undefined): readonly Command[];
  /** The tool's own dirty mark, where it has one. */
  begun?(
    table: string,
    migration: Migration,
    direction: Direction,
    previous: string | undefined,
  ): readonly Command[];
  /** Takes the tool's own dirty mark back. */
  abandoned?(
    table: string,
    migration: Migration,
    direction: Direction,
    previous: string | undefined,
  ): readonly Command[];
  forgotten(table: string, row: AppliedRow, previous: string | undefined): readonly Command[];
}

export const command = (text: string, ...params: unknown[]): Command => ({ text, params });

/** A row of a tool that tells only what and when. */
export function appliedRow(row: Pick<AppliedRow, 'version' | 'key'> & Partial<AppliedRow>): AppliedRow {
  return {
    name: null,
    applied_at: null,
    checksum: null,
    crc: null,
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
