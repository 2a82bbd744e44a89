import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/*
 * A `docker` that comes first on PATH: it knows one container, whose commands run on this machine, and does to them
 * what a daemon, a proxy or a network may do.
 */

/** What `docker exec` does with the words of a command, as lines of a shell. */
export const FAULTS = {
  none: 'exec "$@"',
  'the last MB is lost, exit 0': '"$@" | head -c -1000000; exit 0',
  'the last byte is lost, exit 0': '"$@" | head -c -1; exit 0',
  'a byte is another': '"$@" | tr a b; exit 0',
  'all comes, exit 1': '"$@"; exit 1',
  'all comes, killed by a signal': '"$@"; kill -9 $$',
  'all comes, never closed': '"$@"; sleep 300',
  'its own words on stdout': '"$@"; echo "WARNING: no swap limit support"',
  'its own words on stderr': 'echo "WARNING: no swap limit support" >&2; exec "$@"',
  'its own words in the trailer': '"$@" 2>"$0.err"; sed "s/:exit:/:exWARNING: no limitit:/" "$0.err" >&2',
  'the trailer is cut': '"$@" 2>"$0.err"; head -c -3 "$0.err" >&2',
  'stderr is lost': '"$@" 2>/dev/null',
  'a trailer that it made up':
    '"$@" 2>/dev/null | head -c 1000; printf "\\001abc:exit:0\\n\\001abc:sha256:abc\\npgdeck-exit:0:1000:abc\\n" >&2; exit 0',
  'stops in the middle': '"$@" | { head -c 1000; exec sleep 300; }',
  'killed in the middle': '"$@" | { head -c 1000; kill -9 $$; }',
  'the container starts anew': 'echo new >"$0.started"; "$@" 2>/dev/null | head -c 1000; exit 137',
  'the container is removed': 'rm "$0.started"; "$@" 2>/dev/null | head -c 1000; exit 137',
  'half of the input is lost': 'dd bs=1 count=100000 2>/dev/null | "$@"',
  'no such container': 'echo "Error response from daemon: No such container: shop" >&2; exit 1',
  'it does not run': 'echo "Error response from daemon: Container shop is not running" >&2; exit 1',
  'it is paused':
    'echo "Error response from daemon: Container shop is paused, unpause the container before exec" >&2; exit 1',
  'no shell':
    'echo "OCI runtime exec failed: exec failed: unable to start container process: exec: \\"sh\\": executable file not found in \\$PATH: unknown"; exit 126',
  'no user': 'echo "unable to find user shop: no matching entries in passwd file" >&2; exit 126',
  'no daemon':
    'echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2; exit 1',
  'no permission':
    'echo "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get \\"http://%2Fvar%2Frun%2Fdocker.sock/v1.50/containers/json\\": dial unix /var/run/docker.sock: connect: permission denied" >&2; exit 1',
  'it is started again and again':
    'echo "Error response from daemon: Container shop is restarting, wait until the container is running" >&2; exit 1',
  'an unknown flag': 'echo "unknown flag: --x" >&2; exit 125',
} as const;
export type Fault = keyof typeof FAULTS;

export interface StandIn {
  /** What happens to the commands from now on. */
  set(fault: Fault): Promise<void>;
  remove(): Promise<void>;
}

const ID = 'a'.repeat(64);

/** Puts it on this process's PATH. */
export async function standIn(): Promise<StandIn> {
  const bin = await mkdtemp(join(tmpdir(), 'pgdeck-docker-stand-in-'));
  const before = process.env.PATH;
  process.env.PATH = `${bin}${delimiter}${before}`;
  const path = join(bin, 'docker');
  const set = async (fault: Fault) => {
    await writeFile(`${path}.started`, 'old\n');
    await writeFile(
      path,
      `#!/bin/bash
if [ "$1" = container ]; then
  [ -e "$0.started" ] || { echo 'Error: No such container: shop' >&2; exit 1; }
  read -r s <"$0.started"
  printf '[{"Id":"${ID}","Name":"/shop","State":{"Running":true,"Paused":false,"StartedAt":"%s"},"Config":{"Image":"postgres"},"HostConfig":{},"NetworkSettings":{}}]' "$s"
  exit
fi
shift 3
${FAULTS[fault]}
`,
    );
    await chmod(path, 0o755);
  };
  await set('none');
  return {
    set,
    remove: async () => {
      process.env.PATH = before;
      await rm(bin, { recursive: true, force: true });
    },
  };
}
