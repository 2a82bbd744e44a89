import type { Session } from '../../../db/session.ts';
import type { SchemaDifference } from '../../schema/diff.ts';

/** One direction of a migration: however its file looks, it works over a session. */
export interface RunnableSection {
  /** All of it goes into one transaction, which is begun and ended by who calls it. */
  readonly transactional: boolean;
  run(session: Session): Promise<void>;
}

/** A migration as it is tried. */
export interface Rehearsed {
  readonly version: string;
  readonly up: RunnableSection;
  /** Undefined without a way down. */
  readonly down: RunnableSection | undefined;
}

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export interface Rehearsal {
  /** To be tried, in order. */
  readonly pending: readonly Rehearsed[];
  /**
   * Applied to the live database, in order: replayed where its schema cannot be dumped. Undefined: they must not be, or
   * cannot.
   */
  readonly applied: readonly Rehearsed[] | undefined;
  /** Where applied versions are noted: their rows are taken over, and what happens to them is nobody's forgetting. */
  readonly history?: readonly TableName[];
  /** A session in the shadow database as the real run opens one; that of the run without it. */
  readonly connect?: (database: string) => Promise<Session>;
}

export type RehearsalOutcome =
  /** After its way down everything is as it was, and it could be applied again. */
  | 'reversible'
  /** It was applied, and has no way down. */
  | 'no_down'
  | 'up_failed'
  | 'down_failed'
  /** After its way down not everything is as it was. */
  | 'forgets'
  /** It cannot be applied again after its way down, or not with the same result. */
  | 'not_repeatable'
  /** An earlier one could not be applied. */
  | 'not_tried';

export interface RehearsedMigration {
  readonly version: string;
  readonly outcome: RehearsalOutcome;
  /** What applying it has changed. */
  readonly changes: readonly SchemaDifference[];
  /** From what was before to what its way down has left; of `not_repeatable`, between the two times it was applied. */
  readonly forgotten: readonly SchemaDifference[];
  /** One or more sentences; empty where all is well. */
  readonly message: string;
  /** Of applying it the first time, to an empty database of the same schema. */
  readonly ms: number | null;
}

export interface RehearsalResult {
  /** No migration failed, and no way down forgets anything. One without a way down is no failure. */
  readonly ok: boolean;
  /** What the shadow database was made from. */
  readonly start: 'dump' | 'replay';
  /** From the live schema to that of the shadow it started with: what could not be made alike. */
  readonly unlike: readonly SchemaDifference[];
  readonly migrations: readonly RehearsedMigration[];
}
