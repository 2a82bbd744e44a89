import { posix } from 'node:path';
import type { Host } from './host.ts';

/**
 * A host that could not be opened: whatever needs it is told why, and what needs none works on. Its sentence is in
 * whatever it rejects with.
 */
export function closedHost({ kind, label }: Pick<Host, 'kind' | 'label'>, why: Error): Host {
  const refuse = (): Promise<never> => Promise.reject(why);
  return {
    kind,
    label,
    closed: why,
    run: refuse,
    pipe: refuse,
    start: refuse,
    withWorkspace: refuse,
    pgdeck: refuse,
    temporary: '/tmp',
    processors: 1,
    platform: 'linux',
    environment: {},
    searchPath: () => [],
    transfer: { verifiedBy: 'bytes', put: refuse, send: refuse, get: refuse },
    files: {
      resolve: (path) => posix.resolve('/', path),
      real: refuse,
      facts: refuse,
      factsOf: refuse,
      exists: refuse,
      isProgram: refuse,
      list: refuse,
      read: refuse,
      readAt: refuse,
      create: refuse,
      remove: refuse,
      makeDirectory: refuse,
      free: refuse,
      space: refuse,
    },
  };
}
