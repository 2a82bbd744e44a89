import type { Plan } from '../../engine/plan.ts';

/** What a method of restoring contributes to the plan. */
export type MethodPlan = Pick<Plan, 'checks' | 'steps' | 'leaves' | 'reaches'> &
  Partial<Pick<Plan, 'consequence' | 'undo' | 'danger' | 'tables'>>;
