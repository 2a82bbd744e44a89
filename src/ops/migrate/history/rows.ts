import type { Direction } from '../types.ts';

/** A statement with its parameters, for `session.sql(text, params)`. */
export interface Command {
  readonly text: string;
  readonly params: readonly unknown[];
  /** Quoted name of the table that it has to write a row to; what writes none fails. */
  readonly writes?: string;
}

/** A migration that the history knows as applied. */
export interface AppliedRow {
  /** As {@link Migration.version} writes it. */
  readonly version: string;
  /** What the table has to find it again: its version or its name there. */
  readonly key: string;
  readonly name: string | null;
  /** ISO 8601. */
  readonly applied_at: string | null;
  /** Of the way up when it was applied by pgdeck; null when another tool did. */
  readonly checksum: string | null;
  /** The tool's own sum of the file; null where it keeps none. See {@link Migration.sums}. */
  readonly sum: string | null;
  readonly applied_by: string | null;
  readonly execution_ms: number | null;
  /** What those have in common that were applied together, where the tool takes them back together. */
  readonly batch?: number;
}

/** A migration that was begun outside a transaction and not finished. */
export interface DirtyRow {
  readonly version: string;
  readonly name: string | null;
  /** Null when another tool left it and does not say. */
  readonly direction: Direction | null;
  /** Statements that were finished; null when another tool left it. */
  readonly done: number | null;
  /** Statements it has; null when another tool left it. */
  readonly of: number | null;
  /** ISO 8601. */
  readonly begun_at: string | null;
  /** Id of the run in the journal; null when another tool left it. */
  readonly run: string | null;
}
