import type { LockMode } from '../../../db/lock-modes.ts';

/** When a statement's turn is: what stands later may need what stands before. */
export const PHASES = [
  'schema',
  'extension',
  'enum value',
  'type',
  'domain',
  'sequence',
  'function',
  'table',
  'partition',
  'column',
  'key',
  'index',
  'constraint',
  'view',
  'materialized view',
  'trigger',
  'policy',
  'other',
  'comment',
] as const;
export type Phase = (typeof PHASES)[number];

/** What a statement adds, or adds to: PostgreSQL's word and the name, unquoted. */
export interface Subject {
  readonly kind: string;
  readonly name: readonly string[];
}

/** One statement that only adds. */
export interface Statement {
  readonly sql: string;
  /** How it is taken back; undefined: with what it is part of, or not at all. */
  readonly back?: string;
  /** Pieces of it that are somebody's text, and each one expression. */
  readonly expressions?: readonly string[];
  /** Pieces of it that are somebody's text, and each one type. */
  readonly types?: readonly string[];
  /** The columns of the table that it makes, in their order. */
  readonly columns?: readonly string[];
}

/** A lock on a relation that is there. */
export interface TakenLock {
  readonly lock: LockMode;
  readonly on: readonly string[];
}

/** What is done at once: in one transaction, or `alone` outside of any. */
export interface Addition {
  /** What it makes, or makes more of. */
  readonly subject: Subject;
  readonly phase: Phase;
  readonly statements: readonly Statement[];
  /** One statement that PostgreSQL takes outside a transaction only, or whose result is seen after it only. */
  readonly alone: boolean;
  /** The strongest lock that it takes on {@link Addition.on}; null: none that others feel. */
  readonly lock: LockMode | null;
  /** The existing relation that it locks. */
  readonly on: readonly string[] | null;
  /** What it locks besides. */
  readonly also?: readonly TakenLock[];
  /** Names of what has to be there before, besides what its text mentions. */
  readonly after?: readonly (readonly string[])[];
  /** What else there is to know of it, in a few words. */
  readonly note?: string;
  /** It reads rows that may forbid it. */
  readonly reads?: Forbidding;
}

/** What rows must not do, for it to be done. */
export type Forbidding =
  | { readonly kind: 'unique'; readonly definition: string }
  | { readonly kind: 'reference'; readonly definition: string }
  | { readonly kind: 'check'; readonly definition: string }
  | { readonly kind: 'bound'; readonly key: string; readonly bound: string };

/** An addition of statements in one transaction that locks nothing that exists. */
export function addition(
  subject: Subject,
  phase: Phase,
  statements: readonly Statement[],
  more: Partial<Omit<Addition, 'subject' | 'phase' | 'statements'>> = {},
): Addition {
  return {
    subject: { kind: subject.kind, name: subject.name },
    phase,
    statements,
    alone: false,
    lock: null,
    on: null,
    ...more,
  };
}
