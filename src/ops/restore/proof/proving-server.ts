import type { StepIo } from '../../engine/plan.ts';

/** A database to test-restore into. */
export type ProvingServer =
  | { readonly ok: true; use<T>(work: (place: Reached) => Promise<T>): Promise<T> }
  /** Why there is none; one sentence. */
  | { readonly ok: false; readonly why: string };

/** A place that is there, and how to load it. */
export interface Reached {
  /** `a throwaway PostgreSQL 15.18`. */
  readonly name: string;
  /** Why it is not what the backup was made on, a clause; undefined where it is. */
  readonly differs: string | undefined;
  load(io: StepIo): Promise<void>;
  /** Compares it; the sentence of what was found. */
  compare(io: StepIo): Promise<{ ok: boolean; detail: string }>;
}
