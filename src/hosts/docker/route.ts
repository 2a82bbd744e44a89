import type { DockerRunsOn } from '../../config/runs-on.ts';
import { DbError, type ErrorKind } from '../../db/errors.ts';
import type { Route } from '../../db/route.ts';
import { CommandError } from '../host.ts';
import { downError, inspect } from './docker.ts';

/** What a container that is down, or comes up, looks like from outside. */
const WORTH_ASKING: ReadonlySet<ErrorKind> = new Set(['unreachable', 'lost', 'starting']);

/** Connections go to the address that the profile has; why one fails, docker may know. */
export function containerRoute({ container }: DockerRunsOn): Route {
  const label = `container ${container}`;
  return {
    label,
    open: async () => undefined,
    explain: async (error) => {
      if (!WORTH_ASKING.has(error.kind)) return undefined;
      const why = await stateOf(container);
      if (why === undefined) return undefined;
      return new DbError('unreachable', why, { cause: error, ...(error.code && { code: error.code }) });
    },
    close: async () => {},
  };
}

/** What is wrong with it, in a sentence; undefined where it runs, or where docker says nothing that helps. */
async function stateOf(container: string): Promise<string | undefined> {
  try {
    return downError(await inspect(container), container)?.message;
  } catch (error) {
    return error instanceof CommandError && error.kind === 'missing' ? error.message : undefined;
  }
}
