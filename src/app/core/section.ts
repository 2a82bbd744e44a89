import type { ResultTable } from '../../ops/engine/plan.ts';

/** A piece of what a row's details say. */
export interface DetailSection {
  readonly title: string;
  /** Label and value, a block of text, or a table. */
  readonly facts?: readonly (readonly [label: string, value: string])[];
  readonly text?: string;
  readonly table?: Pick<ResultTable, 'columns' | 'rows'>;
}
