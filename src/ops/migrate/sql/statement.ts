import type { Node } from 'libpg-query';

/** Lock modes of tables, weakest first. */
export const LOCK_MODES = [
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const;
export type LockMode = (typeof LOCK_MODES)[number];

/** A lock that a statement takes, as far as its text tells. */
export interface LockTaken {
  /** As it is written in the statement; undefined where the text does not name the table (DROP INDEX). */
  readonly relation: string | undefined;
  readonly mode: LockMode;
}

/** One statement of a migration. */
export interface Statement {
  /** From its first word to before its semicolon. */
  readonly sql: string;
  /** Line of its first word in the file, from 1. */
  readonly line: number;
  /** Its first words, on one line: `CREATE INDEX CONCURRENTLY i ON t`. */
  readonly title: string;
  /** Its syntax tree, by PostgreSQL 18's parser. */
  readonly node: Node;
  /** Why it cannot run inside a transaction; undefined when it can. */
  readonly alone: string | undefined;
  /**
   * Waits for old transactions by design and leaves an invalid index when it is interrupted: no lock_timeout and no
   * retry for it.
   */
  readonly concurrently: boolean;
  readonly locks: readonly LockTaken[];
}

/** One direction of a migration. */
export interface Section {
  /** Its text as it is in the file. */
  readonly sql: string;
  /**
   * In their order. A BEGIN at the start and a COMMIT at the end that embrace all of them are left out: the
   * transaction is made by who runs them.
   */
  readonly statements: readonly Statement[];
  /** All statements run in one transaction; otherwise one by one. */
  readonly transactional: boolean;
  /** Why it does not run in a transaction, in a few words. */
  readonly why: string | undefined;
  /** Of its statements, without comments and blanks; see {@link file://./checksum.ts}. */
  readonly checksum: string;
  /** Why it cannot be run at all, with file, line and column: a syntax error, a command of psql. */
  readonly error: string | undefined;
}
