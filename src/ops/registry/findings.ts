import type { OperationEntry } from '../engine/operation.ts';

/** What health has found. */
export const FINDINGS: readonly OperationEntry[] = [
  {
    id: 'health waive',
    title: 'Waive a finding',
    summary: 'live with a finding until a day: it is shown as waived and counts no more',
    danger: 'none',
    writes: false,
    ofProfile: true,
    load: async () => (await import('../health/waive.ts')).waive,
  },
  {
    id: 'health unwaive',
    title: 'Let a finding count again',
    summary: 'let a finding that was waived count again',
    danger: 'none',
    writes: false,
    ofProfile: true,
    load: async () => (await import('../health/waive.ts')).unwaive,
  },
];
