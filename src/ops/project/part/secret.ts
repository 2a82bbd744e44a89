import type { OpContext } from '../../engine/operation.ts';
import type { Check } from '../../engine/plan.ts';
import type { FromEnvironment } from '../file/schema.ts';

/** The value of a variable, which is shown nowhere from then on; undefined where it is not set. */
export function fromEnv(
  { env, secrets }: Pick<OpContext, 'env' | 'secrets'>,
  { env: name }: FromEnvironment,
) {
  const value = env[name];
  return secrets.add(value === undefined || value === '' ? undefined : value);
}

/** A block for each variable that is not set. */
export function missingChecks(context: OpContext, wanted: readonly FromEnvironment[]): Check[] {
  const names = wanted.filter((one) => fromEnv(context, one) === undefined).map(({ env }) => env);
  return [...new Set(names)].map((name) => ({
    title: 'Environment',
    status: 'block',
    detail: `${name} is not set, and the file takes a value from it.`,
  }));
}
