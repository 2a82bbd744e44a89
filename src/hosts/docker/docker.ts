import type { CommandError, RunResult } from '../host.ts';
import { run } from '../local.ts';
import { dockerErrors } from './errors.ts';
import { type Container, containersOf } from './inspect.ts';

/** Milliseconds after which a daemon that says nothing counts as not reached. */
const TIMEOUT_MS = 30_000;

/** Runs docker on this machine. Throws {@link CommandError} when it is missing or does not reach its daemon. */
export async function docker(args: readonly string[], signal?: AbortSignal): Promise<RunResult> {
  const result = await run('docker', args, { timeout: TIMEOUT_MS, ...(signal && { signal }) });
  const error = result.exitCode === 0 ? undefined : daemonError(result.stderr);
  if (error !== undefined) throw error;
  return result;
}

/** What docker says when it has no daemon to ask: it is stopped, closed to this user, or elsewhere. */
export function daemonError(stderr: string): CommandError | undefined {
  if (/permission denied while trying to connect|dial unix .*permission denied/i.test(stderr))
    return dockerErrors.denied({ said: stderr });
  const away =
    /cannot connect to the docker daemon|error during connect|is the docker daemon running|dial unix .*connect|failed to connect to the docker api|unable to resolve docker endpoint|context .* not found/i;
  return away.test(stderr) ? dockerErrors.daemon({ said: stderr }) : undefined;
}

/** The container of a name or id. Throws {@link CommandError}. */
export async function inspect(container: string, signal?: AbortSignal): Promise<Container> {
  const { exitCode, stdout, stderr } = await docker(['container', 'inspect', '--', container], signal);
  if (exitCode !== 0)
    throw /no such container/i.test(stderr)
      ? dockerErrors.none({ container })
      : dockerErrors.failed({ container, said: stderr });
  const [found] = read(stdout, container);
  if (found === undefined) throw dockerErrors.unread({ container });
  return found;
}

/** Why no command runs in a container; undefined where one does. */
export function downError(container: Container, called = container.name): CommandError | undefined {
  const { running, paused, restarting, exitCode } = container;
  if (restarting) return dockerErrors.restarting({ container: called, exitCode });
  if (!running) return dockerErrors.stopped({ container: called, exitCode });
  return paused ? dockerErrors.paused({ container: called }) : undefined;
}

/** All containers that run. Throws {@link CommandError}. */
export async function runningContainers(signal?: AbortSignal): Promise<Container[]> {
  const { stdout } = await docker(['ps', '-q', '--no-trunc'], signal);
  const ids = stdout.split('\n').filter((id) => /^[0-9a-f]{64}$/.test(id));
  if (ids.length === 0) return [];
  // one that has ended meanwhile is left out, with an exit code
  const all = await docker(['container', 'inspect', ...ids], signal);
  return read(all.stdout, 'of the list').filter(({ running, restarting }) => running && !restarting);
}

function read(text: string, container: string): Container[] {
  try {
    return containersOf(text);
  } catch {
    throw dockerErrors.unread({ container });
  }
}
