import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/*
 * A `docker` or an `ssh` that comes first on PATH: the commands of the one container, or machine, that it knows run
 * here, and it does to them what a daemon, a proxy or a network may do.
 */

/** What both may do with the words of a command, as lines of a shell. */
const ANY_FAULTS = {
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
  'half of the input is lost': 'dd bs=1 count=100000 2>/dev/null | "$@"',
  // what comes first is the wrapper's own
  'a byte of the input is another': '{ stdbuf -o0 head -c 100000; stdbuf -o0 tr a b; } | "$@"; exit 0',
} as const;

export const FAULTS = {
  ...ANY_FAULTS,
  'the container starts anew': 'echo new >"$0.started"; "$@" 2>/dev/null | head -c 1000; exit 137',
  'the container is removed': 'rm "$0.started"; "$@" 2>/dev/null | head -c 1000; exit 137',
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

export const SSH_FAULTS = {
  ...ANY_FAULTS,
  'all comes, exit 255': '"$@"; exit 255',
  'a welcome before it': 'echo "Welcome to db1"; exec "$@"',
  'a welcome after it, on stderr': '"$@"; echo "Connection to db1 closed." >&2',
  'lines end as on a terminal': '"$@" | sed "s/$/\\r/"',
  'the connection breaks':
    '"$@" 2>/dev/null | head -c 1000; echo "client_loop: send disconnect: Broken pipe" >&2; exit 255',
  'the connection that all go over dies':
    'read -r p <"$0.master"; kill -9 "$p"; "$@" 2>/dev/null | head -c 1000; exit 255',
  'a command that is forced': 'echo "This account is for backups only."; exit 0',
  'nobody may log in': 'echo "This account is currently not available."; exit 1',
  'no sh there': 'echo "bash: line 1: sh: command not found" >&2; exit 127',
} as const;
export type SshFault = keyof typeof SSH_FAULTS;

export interface StandIn<F extends string = Fault> {
  /** What happens to the commands from now on. */
  set(fault: F): Promise<void>;
  remove(): Promise<void>;
}

const ID = 'a'.repeat(64);

/** A container that can be looked at, and its commands. */
const DOCKER = `if [ "$1" = container ]; then
  [ -e "$0.started" ] || { echo 'Error: No such container: shop' >&2; exit 1; }
  read -r s <"$0.started"
  printf '[{"Id":"${ID}","Name":"/shop","State":{"Running":true,"Paused":false,"StartedAt":"%s"},"Config":{"Image":"postgres"},"HostConfig":{},"NetworkSettings":{}}]' "$s"
  exit
fi
shift 3`;

/** The configuration that is asked for, the connection that all commands go over, and these. */
const SSH = `master= socket=
while [ "$1" != -- ]; do
  case $1 in
    -G) exit 0 ;;
    -N) master=1 ;;
    -S) socket=$2 ;;
  esac
  shift
done
if [ -n "$master" ]; then
  echo $$ >"$0.master"
  [ "$socket" = none ] || : >"$socket"
  exec sleep 300
fi
set -- sh -c "$3"`;

/** Puts a docker on this process's PATH. */
export const standIn = (): Promise<StandIn> => client<Fault>('docker', DOCKER, FAULTS);

/** Puts an ssh on it. */
export const sshStandIn = (): Promise<StandIn<SshFault>> => client<SshFault>('ssh', SSH, SSH_FAULTS);

async function client<F extends string>(
  name: string,
  begin: string,
  faults: Readonly<Record<F | 'none', string>>,
): Promise<StandIn<F>> {
  const bin = await mkdtemp(join(tmpdir(), `pgdeck-${name}-stand-in-`));
  const before = process.env.PATH;
  process.env.PATH = `${bin}${delimiter}${before}`;
  const path = join(bin, name);
  const set = async (fault: F | 'none') => {
    await writeFile(`${path}.started`, 'old\n');
    // a shell that runs goes on reading its own: the one over which all commands go lives on
    await rm(path, { force: true });
    await writeFile(path, `#!/bin/bash\n${begin}\n${faults[fault]}\n`, { mode: 0o755 });
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
