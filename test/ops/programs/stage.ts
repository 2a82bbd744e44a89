import { resolvedFor } from '../../../src/config/profile.ts';
import type { BackupSettings } from '../../../src/config/settings.ts';
import type { Target } from '../../../src/db/target.ts';
import { createContext } from '../../../src/ops/engine/context.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { entryOf } from '../../../src/ops/registry.ts';
import { cleanEnvironment } from '../../support/program.ts';

/** A context with a home of its own. */
export function contextFor(
  target: Target,
  home: string,
  { backup = {}, env = {} }: { backup?: BackupSettings; env?: Record<string, string> } = {},
): OpContext {
  const resolved = { ...resolvedFor(target, 'test', { profiles: {} }), backup };
  return createContext({ resolved, operations: entryOf, env: cleanEnvironment(home, env) });
}
