import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { CommandErrorKind } from '../../../src/hosts/host.ts';

/*
 * A `docker`, with or without a compose beside it, or an `ssh` that comes first on PATH: the commands of the one
 * container, or machine, that it knows run here, and it does to them what a daemon, a proxy or a network may do. What
 * that is, and what each command then is, stands in one table for each client; faults.ts tries it.
 */

/** What is to be made of what a client does. */
export interface Expected {
  /** A program that writes 3 MB: its own exit code counts, or it fails with that kind, or it comes to no end. */
  readonly run?: 'believed' | 'stops' | CommandErrorKind;
  /** A program that reads: it is ended, and sees no end of its input. */
  readonly reads?: 'ended';
  /** A file that is brought there, and one that is fetched: neither is left in half. */
  readonly put?: CommandErrorKind;
  readonly get?: CommandErrorKind;
  /** It does nothing to a file that is the client's own input: nothing is told of that on its output. */
  readonly large?: 'whole';
  /** What is said of any command. */
  readonly says?: readonly [CommandErrorKind, RegExp];
  /** Milliseconds that a run of it may take. */
  readonly within?: number;
}

/** What a client does with the words of a command. */
export interface Fault extends Expected {
  /** Lines of a shell; the words are `"$@"`. */
  readonly does: string;
}

type Faults = Readonly<Record<string, Fault>>;

/** What each client may do. */
export const ANY_FAULTS = {
  none: { does: 'exec "$@"', run: 'believed' },
  'the last MB is lost, exit 0': {
    does: '"$@" | head -c -1000000; exit 0',
    run: 'transfer',
    get: 'transfer',
  },
  'the last byte is lost, exit 0': { does: '"$@" | head -c -1; exit 0', run: 'transfer' },
  'a byte is another': {
    does: '"$@" | tr a b; exit 0',
    run: 'transfer',
    put: 'transfer',
    get: 'transfer',
    large: 'whole',
  },
  'all comes, exit 1': { does: '"$@"; exit 1', run: 'believed' },
  'all comes, killed by a signal': { does: '"$@"; kill -9 $$', run: 'believed' },
  'all comes, never closed': { does: '"$@"; sleep 300', run: 'believed' },
  'its own words on stdout': {
    does: '"$@"; echo "WARNING: no swap limit support"',
    run: 'transfer',
  },
  'its own words on stderr': {
    does: 'echo "WARNING: no swap limit support" >&2; exec "$@"',
    run: 'believed',
  },
  'its own words in the trailer': {
    does: '"$@" 2>"$0.err"; sed "s/:exit:/:exWARNING: no limitit:/" "$0.err" >&2',
    run: 'gone',
  },
  'the trailer is cut': { does: '"$@" 2>"$0.err"; head -c -3 "$0.err" >&2', run: 'gone' },
  'stderr is lost': { does: '"$@" 2>/dev/null', run: 'gone', put: 'gone' },
  'a trailer that it made up': {
    does: '"$@" 2>/dev/null | head -c 1000; printf "\\001abc:exit:0\\n\\001abc:sha256:abc\\npgdeck-exit:0:1000:abc\\n" >&2; exit 0',
    run: 'gone',
  },
  'stops in the middle': { does: '"$@" | { head -c 1000; exec sleep 300; }', run: 'stops' },
  'killed in the middle': { does: '"$@" | { head -c 1000; kill -9 $$; }', run: 'transfer' },
  'half of the input is lost': {
    does: 'dd bs=1 count=100000 2>/dev/null | "$@"',
    reads: 'ended',
    put: 'transfer',
  },
  'a byte of the input is another': {
    // what comes first is the wrapper's own
    does: '{ stdbuf -o0 head -c 100000; stdbuf -o0 tr a b; } | "$@"; exit 0',
    put: 'transfer',
  },
} as const satisfies Faults;

export const DOCKER_FAULTS = {
  ...ANY_FAULTS,
  'the container starts anew': {
    does: 'echo new >"$0.started"; "$@" 2>/dev/null | head -c 1000; exit 137',
    run: 'gone',
  },
  'the container is removed': {
    does: 'rm "$0.started"; "$@" 2>/dev/null | head -c 1000; exit 137',
    run: 'gone',
  },
  'no such container': {
    does: 'echo "Error response from daemon: No such container: shop" >&2; exit 1',
    says: ['gone', /container shop .* is not there any more/],
  },
  'it does not run': {
    does: 'echo old down >"$0.started"; echo "Error response from daemon: Container shop is not running" >&2; exit 1',
    says: ['gone', /container shop was stopped meanwhile, and is down: docker start shop/],
  },
  'it is down for a moment': {
    does: 'echo old down >"$0.started"; (sleep 1; echo new >"$0.started") </dev/null >/dev/null 2>&1 & echo "Error response from daemon: Container shop is not running" >&2; exit 1',
    says: ['gone', /container shop was started anew since this began/],
  },
  'it is started anew while a command begins': {
    does: 'echo new >"$0.started"; echo "OCI runtime exec failed: exec failed: unable to start container process: read init-p: connection reset by peer: unknown"; exit 126',
    says: ['gone', /container shop was started anew since this began/],
  },
  'it is paused': {
    does: 'echo "Error response from daemon: Container shop is paused, unpause the container before exec" >&2; exit 1',
    says: ['other', /docker unpause shop/],
  },
  'no shell': {
    does: 'echo "OCI runtime exec failed: exec failed: unable to start container process: exec: \\"sh\\": executable file not found in \\$PATH: unknown"; exit 126',
    says: ['missing', /no shell \(sh\) in the container shop/],
  },
  'no user': {
    does: 'echo "unable to find user shop: no matching entries in passwd file" >&2; exit 126',
    says: ['other', /runs_on\.user/],
  },
  'no daemon': {
    does: 'echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2; exit 1',
    says: ['other', /does not reach its daemon at unix:\/\/\/var\/run\/docker\.sock:/],
  },
  'no permission': {
    does: 'echo "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get \\"http://%2Fvar%2Frun%2Fdocker.sock/v1.50/containers/json\\": dial unix /var/run/docker.sock: connect: permission denied" >&2; exit 1',
    says: ['denied', /^This user may not use docker at unix:\S+docker\.sock: .* group docker/],
  },
  'it is started again and again': {
    does: 'echo "Error response from daemon: Container shop is restarting, wait until the container is running" >&2; exit 1',
    says: ['missing', /container shop ends and is started again: docker logs shop/],
  },
  'an unknown flag': { does: 'echo "unknown flag: --x" >&2; exit 125', says: ['other', /unknown flag/] },
} as const satisfies Faults;

export const SSH_FAULTS = {
  ...ANY_FAULTS,
  'all comes, exit 255': { does: '"$@"; exit 255', run: 'believed' },
  'a welcome before it': { does: 'echo "Welcome to db1"; exec "$@"', run: 'transfer', get: 'transfer' },
  'a welcome after it, on stderr': { does: '"$@"; echo "Connection to db1 closed." >&2', run: 'believed' },
  'lines end as on a terminal': { does: '"$@" | sed "s/$/\\r/"', run: 'transfer' },
  'the connection breaks': {
    does: '"$@" 2>/dev/null | head -c 1000; echo "client_loop: send disconnect: Broken pipe" >&2; exit 255',
    run: 'gone',
  },
  'the connection that all go over dies': {
    does: 'read -r p <"$0.master"; kill -9 "$p"; "$@" 2>/dev/null | head -c 1000; exit 255',
    run: 'gone',
  },
  'a command that is forced': { does: 'echo "This account is for backups only."; exit 0', run: 'gone' },
  'nobody may log in': { does: 'echo "This account is currently not available."; exit 1', run: 'gone' },
  'no sh there': { does: 'echo "bash: line 1: sh: command not found" >&2; exit 127', run: 'gone' },
} as const satisfies Faults;

export interface StandIn<F extends string> {
  /** What happens to the commands from now on. */
  set(fault: F): Promise<void>;
  remove(): Promise<void>;
}

const ID = 'a'.repeat(64);

/** A container that can be looked at, and found by the labels of its service, and its commands. */
const DOCKER = `if [ "$1" = container ]; then
  [ -e "$0.started" ] || { echo 'Error: No such container: shop' >&2; exit 1; }
  r=true; read -r s w <"$0.started"; [ "$w" != down ] || r=false
  printf '[{"Id":"${ID}","Name":"/shop","State":{"Running":'$r',"Paused":false,"StartedAt":"%s"},"Config":{"Image":"postgres"},"HostConfig":{},"NetworkSettings":{}}]' "$s"
  exit
fi
[ "$1" != ps ] || { [ ! -e "$0.started" ] || printf 'shop\tpostgres\trunning\n'; exit; }
shift 3`;

/** The two forms of compose: an exec of its own alters what passes (docker/compose 8909), and is noted. */
const COMPOSE = {
  'docker compose': {
    plugin: '[ "$1" != compose ] || { printf "%s\\n" "$*" >>"$0.compose"; exit; }',
    program: undefined,
  },
  'docker-compose': {
    plugin: '[ "$1" != compose ] || { echo "docker: unknown command: docker compose" >&2; exit 1; }',
    program: '#!/bin/sh\nprintf "%s\\n" "$*" >>"$(dirname "$0")/docker.compose"\n',
  },
} as const;
export type ComposeForm = keyof typeof COMPOSE;
export const COMPOSE_FORMS = Object.keys(COMPOSE) as ComposeForm[];

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
export const standIn = (): Promise<StandIn<keyof typeof DOCKER_FAULTS>> =>
  client('docker', DOCKER, DOCKER_FAULTS);

/** Puts an ssh on it. */
export const sshStandIn = (): Promise<StandIn<keyof typeof SSH_FAULTS>> => client('ssh', SSH, SSH_FAULTS);

/** Puts a docker with that form of compose on it, whose one container is the service `postgres` of a project. */
export async function composeStandIn(form: ComposeForm): Promise<
  StandIn<keyof typeof DOCKER_FAULTS> & {
    /** What compose itself was told. */
    told(): Promise<string>;
  }
> {
  const { plugin, program } = COMPOSE[form];
  const made = await client('docker', `${plugin}\n${DOCKER}`, DOCKER_FAULTS);
  if (program !== undefined) await writeFile(join(made.bin, 'docker-compose'), program, { mode: 0o755 });
  return { ...made, told: () => readFile(join(made.bin, 'docker.compose'), 'utf8').catch(() => '') };
}

async function client<F extends string>(
  name: string,
  begin: string,
  faults: Readonly<Record<F | 'none', Fault>>,
): Promise<StandIn<F> & { readonly bin: string }> {
  const bin = await mkdtemp(join(tmpdir(), `pgdeck-${name}-stand-in-`));
  const before = process.env.PATH;
  process.env.PATH = `${bin}${delimiter}${before}`;
  const path = join(bin, name);
  const set = async (fault: F | 'none') => {
    await writeFile(`${path}.started`, 'old\n');
    // a shell that runs goes on reading its own: the one over which all commands go lives on
    await rm(path, { force: true });
    await writeFile(path, `#!/bin/bash\n${begin}\n${faults[fault].does}\n`, { mode: 0o755 });
  };
  await set('none');
  return {
    bin,
    set,
    remove: async () => {
      process.env.PATH = before;
      await rm(bin, { recursive: true, force: true });
    },
  };
}
