import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/*
 * A `systemctl`, and a `docker` with either form of compose, that come first on PATH: they keep what runs in files of
 * one word each, and end, or do not, as they are told.
 */

/** What a command that stops or starts does: `$names` are meant, `$to` is what they are to be. */
const FAULTS = {
  none: 'for n in $names; do echo "$to" >"$here/$n"; done',
  'it says yes and does nothing': ':',
  'it does nothing, exit 1': 'echo "Job failed. See the journal for details." >&2; exit 1',
  'it does all, exit 1': 'for n in $names; do echo "$to" >"$here/$n"; done; echo "Job failed." >&2; exit 1',
  'it does half, killed': 'for n in $names; do echo "$to" >"$here/$n"; break; done; kill -9 $$',
} as const;
export type ServiceFault = keyof typeof FAULTS;
export const SERVICE_FAULTS = Object.keys(FAULTS) as ServiceFault[];

const BEGIN =
  '#!/bin/bash\nhere=$(dirname "$0")/services\nmkdir -p "$here"\nprintf "%s %s\\n" "$(basename "$0")" "$*" >>"$here.calls"\n';

/** systemctl(1): what it does not know is not-found and inactive; the short form of a name is that of a service. */
const SYSTEMCTL = `${BEGIN}verb=$1; shift
full() { case $1 in *.*) echo "$1" ;; *) echo "$1.service" ;; esac; }
case $verb in
  show)
    s=
    for n in "$@"; do
      case $n in -p | Id | LoadState | ActiveState) continue ;; esac
      n=$(full "$n") load=loaded state=inactive
      [ -e "$here/$n" ] && read -r state <"$here/$n" || load=not-found
      printf '%sId=%s\\nLoadState=%s\\nActiveState=%s\\n' "$s" "$n" "$load" "$state"
      s='
'
    done ;;
  stop | start)
    names= to=active
    [ "$verb" = start ] || to=inactive
    for n in "$@"; do
      n=$(full "$n")
      [ -e "$here/$n" ] || { echo "Failed to $verb $n: Unit $n not loaded." >&2; exit 5; }
      names="$names $n"
    done
    . "$here.fault" ;;
esac
`;

/** What both forms of compose do with the words after their name. */
const COMPOSE = `while [ $# -gt 0 ]; do
  case $1 in
    -p | --project-directory | -f) shift 2 ;;
    version) exit 0 ;;
    stop | start)
      to=running
      [ "$1" = start ] || to=exited
      shift
      names="$*"
      . "$here.fault"
      exit ;;
    *) echo "it is not asked for this: $*" >&2; exit 1 ;;
  esac
done
`;

const DOCKER = `${BEGIN}case $1 in
  ps) for f in "$here"/*; do read -r state <"$f"; printf '%s\\t%s\\t%s\\tdocker-compose.yml\\n' "$state" "\${f##*/}" "$(dirname "$0")"; done ;;
  compose) shift; PLUGIN ;;
esac
`;

export const SERVICE_CLIENTS = ['systemctl', 'docker compose', 'docker-compose'] as const;

export interface Services {
  set(fault: ServiceFault): Promise<void>;
  /** `running` and `exited` are compose's words, `active` and `inactive` systemd's. */
  is(name: string, state?: string): Promise<string>;
  /** Command lines of what it was told to do, not of what it was asked. */
  told(): Promise<readonly string[]>;
  /** Where the files of compose are. */
  readonly directory: string;
  remove(): Promise<void>;
}

/** Puts the one that is named on this process's PATH. */
export async function serviceStandIn(which: (typeof SERVICE_CLIENTS)[number]): Promise<Services> {
  const bin = await mkdtemp(join(tmpdir(), 'pgdeck-services-'));
  const before = process.env.PATH;
  process.env.PATH = `${bin}${delimiter}${before}`;
  const programs: Record<string, string> =
    which === 'systemctl'
      ? { systemctl: SYSTEMCTL, sudo: `${BEGIN}[ "$1" = -n ] && shift\nexec "$@"\n` }
      : {
          docker: DOCKER.replace(
            'PLUGIN',
            which === 'docker compose' ? COMPOSE : 'echo "unknown command: docker compose" >&2; exit 1',
          ),
          ...(which === 'docker-compose' && { 'docker-compose': `${BEGIN}${COMPOSE}` }),
        };
  const here = join(bin, 'services');
  await mkdir(here);
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o755);
  }
  const set = (fault: ServiceFault) => writeFile(`${here}.fault`, `${FAULTS[fault]}\n`);
  await set('none');
  return {
    set,
    directory: bin,
    is: async (name, state) => {
      const path = join(here, name);
      if (state !== undefined) await writeFile(path, `${state}\n`);
      return (await readFile(path, 'utf8')).trim();
    },
    told: async () =>
      (await readFile(`${here}.calls`, 'utf8'))
        .trim()
        .split('\n')
        .filter((line) => /\b(?:stop|start)\b/.test(line)),
    remove: async () => {
      process.env.PATH = before;
      await rm(bin, { recursive: true, force: true });
    },
  };
}
