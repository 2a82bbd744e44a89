import { OpError } from '../../error.ts';
import type { Plan } from '../plan.ts';

/** Why an operation that changes the server is not done in read-only mode. */
export function readOnlyRefusal(operation: string): OpError {
  return new OpError(
    'refused',
    `This is read-only mode: ${operation} changes the server.`,
    'Start pgdeck with --no-read-only, or with a profile that is not read-only.',
  );
}

/** Why a plan may not run; undefined when it may. */
export function refusal(plan: Plan, readOnly: boolean): OpError | undefined {
  if (plan.writes && readOnly) return readOnlyRefusal(plan.operation);
  const blocked = plan.checks.filter((check) => check.status === 'block');
  if (blocked.length === 0) return undefined;
  return new OpError('refused', blocked.map((check) => `${check.title}: ${check.detail}`).join('\n'));
}
