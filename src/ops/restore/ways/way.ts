import type { Plan } from '../../operation.ts';

/** What a way of restoring contributes to the plan. */
export type Way = Pick<Plan, 'checks' | 'steps'> &
  Partial<Pick<Plan, 'consequence' | 'undo' | 'danger' | 'leaves' | 'tables'>>;
