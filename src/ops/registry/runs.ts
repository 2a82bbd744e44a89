import type { OperationEntry } from '../engine/operation.ts';

/** Runs of all others. */
export const RUNS: readonly OperationEntry[] = [
  {
    id: 'undo',
    title: 'Undo a run',
    summary: 'undo what a run has done',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../engine/undo.ts')).undo,
  },
  {
    id: 'recover',
    title: 'Clean up after a crash',
    summary: 'finish or remove what killed runs have left',
    danger: 'type-name',
    writes: true,
    load: async () => (await import('../recover/recover.ts')).recover,
  },
];
