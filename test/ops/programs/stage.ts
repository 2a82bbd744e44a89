import { resolvedFor } from '../../../src/config/profile.ts';
import type { BackupSettings } from '../../../src/config/settings.ts';
import type { Target } from '../../../src/db/target.ts';
import { createContext, type OpContext } from '../../../src/ops/engine/context.ts';
import { cleanEnvironment } from '../../support/program.ts';

/** A context with a home of its own. */
export function contextFor(
  target: Target,
  home: string,
  { backup = {}, env = {} }: { backup?: BackupSettings; env?: Record<string, string> } = {},
): OpContext {
  const resolved = { ...resolvedFor(target, 'test', { profiles: {} }), backup };
  return createContext({ resolved, env: cleanEnvironment(home, env) });
}
