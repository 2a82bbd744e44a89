import type { SchemaDifference } from '../diff.ts';
import type { SchemaSnapshot } from '../format.ts';

/** What mends a difference between the database and what is expected of it. */
export interface Remedy {
  /** pgdeck does it itself in `schema fix`: it only adds. */
  readonly fixable: boolean;
  /** Exact SQL in order; of what is not fixable a suggestion for a person, with what only they know as a comment. Empty: none. */
  readonly statements: readonly string[];
  /** The strongest lock mode taken on what exists, in pg_locks' words (`ShareUpdateExclusiveLock`); null: none. */
  readonly lock: string | null;
  /** Place in the order. */
  readonly phase: number;
}

/** `difference` is of diffSchemas(actual, expected). */
export function remedyOf(
  _difference: SchemaDifference,
  _schemas: { readonly actual: SchemaSnapshot; readonly expected: SchemaSnapshot },
): Remedy {
  return { fixable: false, statements: [], lock: null, phase: 0 };
}
