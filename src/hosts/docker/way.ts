import { setTimeout as delay } from 'node:timers/promises';
import type { DockerRunsOn } from '../../config/runs-on.ts';
import { CommandError } from '../host.ts';
import type { ClientEnd, Way } from '../remote/way.ts';
import { direct } from './direct.ts';
import { daemonError, downError, inspect } from './docker.ts';
import { dockerErrors } from './errors.ts';
import type { Container } from './inspect.ts';

/** How often, and after how many milliseconds, one that is down is looked at again. */
const LOOKS = 6;
const LOOK_MS = 500;
/** Bytes of a file from which on a second command beside its copy pays. */
const LARGE = 32 << 20;

/** What runc says of a container that ends while a command begins in it (1.1). */
const ENDED_MEANWHILE =
  /OCI runtime exec failed:.*(?:read init-p: connection reset by peer|procReady not received|cannot exec in a stopped container)/is;

const isDown = ({ running, restarting }: Container) => !running || restarting;

/**
 * The way into a container that runs: `docker exec` with its full id, so that it never means another one of that name.
 * Throws {@link CommandError} where it does not run.
 */
export async function dockerWay(
  { container, user }: DockerRunsOn,
  signal?: AbortSignal,
): Promise<Way & { readonly container: Container }> {
  const pinned = await inspect(container, signal);
  const down = downError(pinned, container);
  if (down !== undefined) throw down;
  const label = `the container ${pinned.name}`;
  return {
    kind: 'docker',
    label,
    client: 'docker',
    container: pinned,
    // its first process is the machine's, which a restart of the container leaves as it is
    asksFirst: pinned.seesMachine,
    handsOver: LARGE,
    argv: async (words) => [
      'docker',
      'exec',
      '-i',
      ...(user === undefined ? [] : ['-u', user]),
      pinned.id,
      ...words,
    ],
    direct: (words, file, signal) => direct({ container: pinned.id, user, words, file, signal }),
    check: async () => {
      const look = () =>
        inspect(pinned.id).catch((error: unknown) => {
          throw error instanceof CommandError && error.kind === 'missing'
            ? dockerErrors.gone({ container })
            : error;
        });
      let now = await look();
      // one that is started anew is down for a moment, which is no reason to tell anybody to start it
      for (let left = LOOKS; left > 0 && isDown(now); left--) {
        await delay(LOOK_MS);
        now = await look();
      }
      if (now.startedAt !== pinned.startedAt && !isDown(now)) throw dockerErrors.restarted({ container });
      if (now.restarting) throw dockerErrors.again({ container });
      if (!now.running) throw dockerErrors.ended({ container });
      if (now.paused) throw dockerErrors.paused({ container });
    },
    typed: {
      words: ['docker', 'exec', '-i', ...(user === undefined ? [] : ['-u', user]), pinned.name],
      again: false,
    },
    explain: (end) => explain(end, container),
  };
}

/** docker exits with 126 or 127 where there is no shell, with 1 and its own words for all else that is wrong with it. */
function explain(end: ClientEnd, container: string): CommandError | undefined {
  const { exitCode } = end;
  const stderr = `${end.stderr}\n${end.stdout}`;
  const daemon = daemonError(stderr);
  if (daemon !== undefined) return daemon;
  if (/no such container/i.test(stderr)) return dockerErrors.gone({ container });
  // it is looked at then: it may be on its way up
  if (/container .* is not running/i.test(stderr)) return undefined;
  // what began in it ended with it
  if (ENDED_MEANWHILE.test(stderr)) return undefined;
  if (/is restarting, wait until/i.test(stderr)) return dockerErrors.restarting({ container });
  if (/is paused/i.test(stderr)) return dockerErrors.paused({ container });
  if (/unable to find (?:user|group)|no matching entries in passwd/i.test(stderr))
    return dockerErrors.user({ container, said: stderr });
  if (
    (exitCode === 126 || exitCode === 127) &&
    /exec(?:utable)?\b.*(?:not found|no such file|permission denied)/is.test(stderr)
  )
    return dockerErrors.noShell({ container });
  if (exitCode === 125 || /^(?:error response from daemon|OCI runtime exec failed)/im.test(stderr))
    return dockerErrors.failed({ container, said: stderr });
  return undefined;
}
