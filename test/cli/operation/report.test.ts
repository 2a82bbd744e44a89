import { expect, test } from 'vitest';
import { Report } from '../../../src/cli/operation/report.ts';
import type { Plan } from '../../../src/ops/engine/plan.ts';

const step = (id: string, more: object = {}) => ({
  id,
  title: `Apply ${id}`,
  preview: '',
  run: async () => {},
  ...more,
});

/** What is said when the second of two steps is stopped in its midst. */
function stopped(atomic: boolean): string {
  const rollback = async () => {};
  const steps = [step('1', { atomic, rollback }), step('2', { atomic, rollback })];
  const report = new Report({ title: 'Up', steps } as unknown as Plan, [], (text) => text);
  report.see({ at: 0, type: 'start', step: 0, id: '1', title: 'Apply 1' });
  report.see({ at: 0, type: 'finish', step: 0, ok: true, ms: 0 });
  report.see({ at: 0, type: 'start', step: 1, id: '2', title: 'Apply 2' });
  return report.left();
}

test('^C says of a transaction that it is rolled back, and of statements that run one by one that they stay', () => {
  expect(stopped(true)).toBe('Will be rolled back: Apply 2.');
  expect(stopped(false)).toBe('Keeps what it has done so far: Apply 2.');
});
