import type { Migration } from '../files/migration.ts';
import type { MigrationFormat } from '../formats/registry.ts';
import type { Direction } from '../types.ts';
import type { AppliedRow, Command, DirtyRow } from './rows.ts';

/** Whose table says what is applied: a tool's, or our own. */
export type LedgerKind = MigrationFormat | 'pgdeck';

/** A history of another tool than the files are written for. */
export interface Stranger {
  /** Quoted, with its schema. */
  readonly table: string;
  readonly title: string;
  /** How many migrations it holds as applied. */
  readonly applied: number;
}

/** The tables as they are now. */
export interface History {
  readonly kind: LedgerKind;
  /** Of the table that says what is applied, quoted and with its schema. */
  readonly table: string;
  /** Every table of it, whether or not it is there: that one and ours. */
  readonly relations: readonly { readonly schema: string; readonly name: string }[];
  /** The table is there. */
  readonly exists: boolean;
  /** Our own table is there, too: checksums, dirty marks, who and how long. */
  readonly companion: boolean;
  /** Why pgdeck does not write to it, with the next step; undefined when it does. */
  readonly refusal: string | undefined;
  /** Another tool's table where this one's is not: what it holds was applied from other files. */
  readonly stranger?: Stranger | undefined;
  /** In the order they were applied, as far as that is known. */
  readonly applied: readonly AppliedRow[];
  readonly dirty: readonly DirtyRow[];
  /** Something to say about the tables, such as two of the same name. */
  readonly notes: readonly string[];
}

/** Who does something, for our own table. */
export interface Author {
  /** Id of the run in the journal. */
  readonly run: string;
}

/** How the history is written. Everything is a command to be run on the session that migrates. */
export interface Ledger {
  /** Makes the tables that are missing, as the tool itself would make them. Idempotent; needs CREATE on the schema. */
  create(): readonly Command[];
  /**
   * Before a migration that runs outside a transaction: the dirty mark. In a transaction of its own; golang-migrate's
   * table is marked as golang-migrate would. `done`: how many of its statements an earlier run has finished.
   */
  begin(migration: Migration, direction: Direction, author: Author, done?: number): readonly Command[];
  /** After each statement of it: how many are finished. */
  progress(migration: Migration, done: number): Command;
  /**
   * The row of a migration that went up is written, of one that went down is removed, and its dirty mark goes. In the
   * migration's own transaction, or in one of their own after its last statement.
   */
  finish(migration: Migration, direction: Direction, ms: number, author: Author): readonly Command[];
  /** It is not dirty any more and is not applied (`up`), or still is (`down`): what a repair writes after a clean-up. */
  abandon(migration: Migration, direction: Direction): readonly Command[];
  /** Takes a version without a file out of the history. */
  forget(row: AppliedRow): readonly Command[];
  /** The file as it is now is the one that was applied. */
  accept(migration: Migration): readonly Command[];
}

/** The history of a database and how to write it, for migrations in the order they are applied. */
export interface HistoryAccess {
  readonly history: History;
  readonly ledger: Ledger;
}
