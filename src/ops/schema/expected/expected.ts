import type { SchemaSnapshot } from '../format.ts';

/** The structure that a database is to have. */
export interface Expected {
  readonly snapshot: SchemaSnapshot;
  /** In words: `schema.json, of PostgreSQL 15.4`. */
  readonly described: string;
  /** SHA-256 of what it was read from: a plan is pinned to it. */
  readonly hash: string;
  /** A list that was written by hand: what it does not name is not compared. */
  readonly partial: boolean;
  /** Paths of what somebody has called critical. */
  readonly critical: ReadonlySet<string>;
}

/** How an expected structure is looked for. */
export interface Opening {
  /** With owners and grants, where it can be had. */
  readonly grants?: boolean;
  /** Whose migrations they are, where nothing says. */
  readonly tool?: string | undefined;
  /** Ends it early: what it has made is removed. */
  readonly signal?: AbortSignal;
  /** What is told meanwhile. */
  readonly line?: (text: string) => void;
}
