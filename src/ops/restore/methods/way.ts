import type { Plan } from '../../engine/plan.ts';

/** What a way of restoring contributes to the plan. */
export type Way = Pick<Plan, 'checks' | 'steps' | 'leaves'> &
  Partial<Pick<Plan, 'consequence' | 'undo' | 'danger' | 'tables'>>;
