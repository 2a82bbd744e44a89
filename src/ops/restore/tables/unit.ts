import { quoteIdent } from '../../../db/ident.ts';
import type { LiveTable, UniqueKey } from '../queries/tables.ts';
import type { ContentsTable } from './reading/contents.ts';
import type { DumpEntry } from './reading/dump-entries.ts';
import type { RowsPlace } from './rows/filter.ts';

export const MODES = ['replace', 'merge', 'skip_existing'] as const;
/**
 * `replace`: the table holds what the backup holds, and nothing else. `merge`: rows of the backup are put back, others
 * stay. `skip_existing`: only what is missing is added.
 */
export type Mode = (typeof MODES)[number];

/** Rows of one table of the backup, on their way. */
export interface Block {
  readonly table: ContentsTable;
  /** Its COPY in the backup, the columns of it, and what the rows are encoded in where the backup says it. */
  readonly place: RowsPlace;
  readonly columns: readonly string[];
  readonly encoding: string | undefined;
}

/** A table as it was chosen from the backup. */
export interface Wanted {
  readonly key: string;
  readonly schema: string;
  readonly name: string;
  /** As people write it. */
  readonly shown: string;
  readonly blocks: readonly Block[];
  /** As counted when the backup was made; null where that is not known. */
  readonly rows: number | null;
}

/** A table that is still there: the rows are compared with its own. */
export interface Unit extends Wanted {
  readonly live: LiveTable;
  /** Where the backup's rows are put first. */
  readonly staging: string;
  /** Columns of the backup's rows that can be written, in the order of the table. */
  readonly columns: readonly string[];
  /** What tells its rows apart; undefined without a primary key. */
  readonly primary: UniqueKey | undefined;
  /** Every key of the table that no two rows may share. */
  readonly keys: readonly UniqueKey[];
  /** Those besides the primary one, and those of its partitions. */
  readonly others: readonly UniqueKey[];
  /** Rows of it may be taken out for a moment without calling what foreign keys do then. */
  readonly released: boolean;
}

/** A table that is gone: it is made again with its definition. */
export interface Gone extends Wanted {
  /** Its rows are those of its partitions. */
  readonly partitioned: boolean;
  readonly before: readonly DumpEntry[];
  /** Indexes, constraints, triggers: after the rows. */
  readonly after: readonly DumpEntry[];
  /** Sequences made with it, where they stood when the backup was made; null where that is not known. */
  readonly sequences: readonly { readonly quoted: string; readonly last: string | null }[];
}

export function stagingName(number: number): string {
  return `pg_temp.pgdeck_rows_${number}`;
}

/** Where rows with new values of keys are, as they are wanted. */
export function wantedName({ staging }: Unit): string {
  return staging.replace('pgdeck_rows_', 'pgdeck_wanted_');
}

/** Where rows that exchange values of keys are, as they were. */
export function tangledName({ staging }: Unit): string {
  return staging.replace('pgdeck_rows_', 'pgdeck_tangled_');
}

/** All columns of the backup's rows, those that are computed now too. */
export function stagedColumns({ blocks }: Unit): string[] {
  return [...new Set(blocks.flatMap(({ columns }) => columns))];
}

/** The relation with the rows of a unit and of no other: a partitioned table has none of its own. */
export function rowsOfUnit({ live }: Unit): string {
  return live.kind === 'p' ? live.quoted : `ONLY ${live.quoted}`;
}

export function list(columns: readonly string[], prefix = ''): string {
  return columns.map((column) => `${prefix}${quoteIdent(column)}`).join(', ');
}

/** A condition: the columns of a key are the same in the rows of both aliases. */
export function sameKey({ columns, operators }: UniqueKey, a: string, b: string): string {
  return columns
    .map((column, at) => `${a}.${quoteIdent(column)} ${operators[at]} ${b}.${quoteIdent(column)}`)
    .join(' AND ');
}

/** Columns that an UPDATE sets. An identity that is always generated cannot be: it equals the row's own, or is freed. */
export function updatable({ columns, live, primary }: Unit): string[] {
  const fixed = new Set(
    live.columns
      .filter(({ name, identity }) => identity === 'a' && primary?.columns.includes(name))
      .map(({ name }) => name),
  );
  return columns.filter((column) => !fixed.has(column));
}

/** Identities that a primary key does not hold in place: they are freed for the UPDATE. */
export function freedIdentities({ columns, live, primary }: Unit): string[] {
  return live.columns
    .filter(
      ({ name, identity }) =>
        identity === 'a' && columns.includes(name) && primary?.columns.includes(name) !== true,
    )
    .map(({ name }) => name);
}

/**
 * A condition: two rows would not be dumped alike. Text is compared only where the stored values differ: equal by `=`
 * is not enough (citext, 1.0 and 1.00), and some types have no `=` (json).
 */
export function differs(unit: Unit, a: string, b: string): string | undefined {
  const columns = updatable(unit);
  if (columns.length === 0) return undefined;
  const row = (alias: string) => `ROW(${list(columns, `${alias}.`)})`;
  // without the casts it would be taken for a comparison column by column
  return `${row(a)}::record OPERATOR(pg_catalog.*<>) ${row(b)}::record AND ${row(a)}::text <> ${row(b)}::text`;
}
