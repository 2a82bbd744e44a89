import type { SchemaDifference } from '../diff.ts';
import type { SchemaSnapshot } from '../format.ts';

/** When a statement's turn is: what stands later may need what stands before. */
export type Phase =
  | 'schema'
  | 'extension'
  | 'enum value'
  | 'type'
  | 'domain'
  | 'sequence'
  | 'function'
  | 'table'
  | 'partition'
  | 'column'
  | 'key'
  | 'index'
  | 'constraint'
  | 'view'
  | 'materialized view'
  | 'trigger'
  | 'policy'
  | 'other'
  | 'comment';

/** What mends a difference between the database and what is expected of it. */
export interface Remedy {
  /** pgdeck does it itself in `schema fix`: it only adds. */
  readonly fixable: boolean;
  /** Exact SQL in order; of what is not fixable a suggestion for a person, with what only they know as a comment. Empty: none. */
  readonly statements: readonly string[];
  /** The strongest lock mode taken on what exists, in pg_locks' words (`ShareUpdateExclusiveLock`); null: none. */
  readonly lock: string | null;
  /** Place in the order in which everything is done. */
  readonly phase: Phase;
}

/** The two structures that a difference is between. */
export interface Schemas {
  readonly actual: SchemaSnapshot;
  readonly expected: SchemaSnapshot;
}

/** `difference` is of diffSchemas(actual, expected): 'added' = missing in the database, 'removed' = extra there. */
export function remedyOf(difference: SchemaDifference, schemas: Schemas): Remedy {
  void schemas;
  return {
    fixable: false,
    statements: [],
    lock: null,
    phase: difference.object === 'schema' ? 'schema' : 'other',
  };
}
