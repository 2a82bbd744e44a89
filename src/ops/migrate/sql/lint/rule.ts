import type { Lost } from '../../types.ts';
import type { Section, Statement } from '../statement.ts';

/** Every hazard there is, by the name it is acknowledged by: stable, since scripts name them. */
export const HAZARDS = [
  'change_column_type',
  'cluster',
  'concurrently_if_not_exists',
  'constraint_without_not_valid',
  'delete_without_where',
  'drop_cascade',
  'drop_column',
  'drop_database',
  'drop_index',
  'drop_object',
  'drop_schema',
  'drop_table',
  'enum_value_used',
  'index_without_concurrently',
  'lock_table',
  'nothing_taken_back',
  'out_of_order',
  'refresh_without_concurrently',
  'reindex_without_concurrently',
  'rename_column',
  'rename_table',
  'required_column',
  'rows_changed_under_lock',
  'set_not_null',
  'statement_counters',
  'table_rewrite',
  'truncate',
  'unique_builds_index',
  'update_without_where',
  'vacuum_full',
  'validated_at_once',
  'volatile_default',
] as const;
export type HazardName = (typeof HAZARDS)[number];

/** What a rule has to say of a statement. */
export interface Finding {
  readonly name: HazardName;
  /** What happens, and after a semicolon what to do instead. */
  readonly message: string;
  readonly destructive?: boolean;
  /** Of a way down: it is what its own way up has made. */
  readonly own?: boolean;
  /** Tables, or the column, whose rows are lost. */
  readonly lost?: readonly Lost[];
}

/** What is known when a statement is looked at. */
export interface LintContext {
  readonly section: Section;
  /** Place of the statement in the section. */
  readonly at: number;
  /** It has no rows, so that no lock of it lasts: made by this run, or empty as it is. */
  isNew(relation: string | undefined): boolean;
  /** Made by this run, so that nobody uses it; a key of {@link file://./made.ts}. */
  isMade(key: string): boolean;
  /** Made by the way up of the same migration. */
  isOwn(key: string): boolean;
}

export type Rule = (statement: Statement, scope: LintContext) => readonly Finding[];

/** A relation of the default schema is the same with and without its schema's name. */
export const plainName = (name: string): string => name.replace(/^public\./, '');
