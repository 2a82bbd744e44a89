import type { OpError } from '../../error.ts';
import { engineErrors } from '../errors.ts';
import type { Plan } from '../plan.ts';

/** Why a plan may not run; undefined when it may. */
export function refusal(plan: Plan, readOnly: boolean): OpError | undefined {
  if (plan.writes && readOnly) return engineErrors.readOnly({ operation: plan.operation });
  const checks = plan.checks.filter((check) => check.status === 'block');
  return checks.length === 0 ? undefined : engineErrors.blocked({ checks });
}
