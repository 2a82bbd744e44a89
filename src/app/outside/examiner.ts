import type { Env } from '../../config/libpq/env.ts';
import type { Resolved } from '../../config/profile.ts';
import type { Examiner } from '../../ops/engine/operation.ts';

/** Health, for operations that ask it. What judges is loaded when it is asked. */
export function examinerOf(of: { readonly resolved: Resolved; readonly env: Env }): Examiner {
  return {
    knows: async (check) => (await import('./examine.ts')).hasCheck(check),
    look: async (checks, seconds, signal) =>
      (await import('./examine.ts')).examine(of, checks, seconds, signal),
  };
}
