import type { Cadence } from '../../config/routine.ts';

/** An item of the routine as a row of a list. */
export interface RoutineRow {
  readonly name: string;
  readonly title: string;
  readonly every: Cadence;
  /** What it does, in a line. */
  readonly work: string;
  readonly state: 'due' | 'done' | 'not set up';
  /** Why it is due, or not. */
  readonly why: string;
  /** Ms since 1970; null: never, as far as is known. */
  readonly doneAt: number | null;
  /** When it will be due; null: now, or never. */
  readonly dueAt: number | null;
}
