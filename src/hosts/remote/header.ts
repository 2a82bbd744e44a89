import { posix } from 'node:path';
import { SECRET_VARIABLES } from '../../config/secret-variables.ts';
import type { PipeCommand } from '../host.ts';
import { quote } from './quote.ts';

/** What is started there. */
export interface Job {
  /** More than one: a pipe. */
  readonly commands: readonly PipeCommand[];
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly cwd?: string | undefined;
  /** Seconds without a byte read or written before it is ended. */
  readonly stall?: number | undefined;
  /** It is not ended when its input ends without a word: it cleans up by itself. */
  readonly lives?: boolean | undefined;
  /** Much comes from it or goes to it. */
  readonly large?: boolean | undefined;
  /** A new file, its owner's alone, that what is sent goes to beside the program; it goes where we are gone. */
  readonly into?: string | undefined;
  /** A file that is the program's output. */
  readonly from?: string | undefined;
  /** Of 32 hexadecimal digits: what its output is reckoned over by, with GMAC. */
  readonly key?: string | undefined;
}

/** Never inherited there, as on this machine: the image of a container may carry a password in its environment. */
const SECRETS = ['PGPASSWORD', ...SECRET_VARIABLES];
const NAME = /^[A-Za-z_]\w*$/;
/** What tells the server at an interrupt, and at nothing else, that it is over. */
const ASKED: ReadonlySet<string> = new Set(['psql', 'vacuumdb', 'reindexdb', 'clusterdb']);

/**
 * The lines that come first: how the program is watched, then the code that becomes it. `place` is where the first
 * command ran, `-` when this is it; `steps` is the token of what the commands of a pipe say.
 */
export function header(token: string, steps: string, place: string, job: Job): string {
  const words = job.commands.flatMap(({ command, args }) => [command, ...args]);
  const values = Object.values(job.env ?? {}).filter((value) => value !== undefined);
  if (
    [...words, ...values, job.cwd ?? '', job.into ?? '', job.from ?? ''].some((word) => word.includes('\0'))
  )
    throw new TypeError('A word of a command holds a NUL.');
  const large = job.large ? 1 : 0;
  const lines = [
    `${token} ${job.stall ?? 0} ${job.lives ? 1 : 0} ${asksFirst(job) ? 1 : 0} ${place} ${job.into === undefined ? (job.from === undefined ? large : 'o') : 'i'} ${escaped(job.into ?? job.from)} ${job.key ?? ''}`,
    `unset ${SECRETS.join(' ')}`,
    ...Object.entries(job.env ?? {}).map(variable),
    ...(job.cwd === undefined ? [] : [`cd -- ${quote(job.cwd)} || { say refused:directory; exit 126; }`]),
    ...job.commands.map(({ command }, at) => `want ${quote(command)} ${at}`),
    start(job.commands, steps),
    token,
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * Whether it holds programs of PostgreSQL that go on with nothing once the server has cancelled what they asked for: a
 * psql that does not stop at an error would do what comes next.
 */
export function asksFirst({ commands }: Pick<Job, 'commands'>): boolean {
  const among = commands.filter(({ command }) => ASKED.has(posix.basename(command)));
  return (
    among.length > 0 &&
    among.every(({ command, args }) => posix.basename(command) !== 'psql' || args.includes('ON_ERROR_STOP=1'))
  );
}

/** As `printf` reads it, in one word of any name. */
function escaped(path: string | undefined): string {
  if (path === undefined) return '-';
  return [...Buffer.from(path)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

function variable([name, value]: [string, string | undefined]): string {
  if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a variable.`);
  return value === undefined ? `unset ${name}` : `export ${name}=${quote(value)}`;
}

const words = ({ command, args }: PipeCommand) => [command, ...args].map(quote).join(' ');

function start(commands: readonly PipeCommand[], steps: string): string {
  const [first] = commands;
  if (commands.length === 1 && first !== undefined) return `go ${words(first)}`;
  const line = commands.map((command, at) => `step ${at} ${words(command)}`).join(' | ');
  return `go sh -c ${quote(`${STEP}${line}`)} sh ${steps}`;
}

/*
 * One command of a pipe. When it fails the others are ended before its output is closed: a reader that sees its input
 * end takes it for whole. One that only lost its reader (SIGPIPE) is not the cause; that reader has ended already, and
 * a moment lets it tell its code. `others` sends a signal to all that descend from this shell but the step that asks. Where
 * the first process is a server, that is left to `core`, which has started this shell: {@link file://./ending.ts}. The
 * shells outlive a TERM of the group, so that somebody waits for what they started. One that has heard it waits for nobody
 * else: all were told, and each would wait for the other.
 */
const STEP = String.raw`T=$1
trap : TERM
exec 4>&2 2>/dev/null
served=; x=; read -r x </proc/1/comm && case $x in postgres | postmaster) served=1 ;; esac
others() {
  read -r x </proc/self/stat
  me=${'$'}{x%% *} all=" $$ " found= beside= more=1
  while [ -n "$more" ]; do
    more=
    for d in /proc/[0-9]*; do
      i=${'$'}{d#/proc/}
      case $all in *" $i "*) continue ;; esac
      x=; read -r x <"$d/stat" || continue
      [ "$i" = "$me" ] && continue
      set -- "$1" ${'$'}{x##*) }
      [ "$2" = Z ] && continue
      case $all in *" $3 "*) all="$all$i " found="$found $i" more=1 ;; esac
      [ "$3" != $$ ] || beside="$beside $i"
    done
  done
  [ -n "$found" ] || return 1
  # a shell whose command is ended goes on with its next one
  [ -n "$served" ] || { kill -s "$1" $found; return 0; }
  case $1 in
    TERM) [ -z "$beside" ] || kill -s TERM $beside; kill -s USR1 "$PPID" ;;
    KILL) kill -s ALRM "$PPID" ;;
  esac
  return 0
}
step() {
  over=
  trap 'over=1' TERM
  at=$1; shift; "$@" 2>&4 4>&-; r=$?
  printf '\001%s:code:%d:%d\n' "$T" "$at" "$r" >&4
  [ -z "$over" ] && [ $r -ne 0 ] && [ $r -ne 141 ] || return 0
  sleep 0.2 || sleep 1
  # nor do those by which it waits
  trap '' TERM
  others TERM
  for n in 1 2 3 4 5; do
    sleep 0.1 || sleep 1
    others CONT || return 0
    sleep 0.9 || sleep 1
  done
  others KILL
}
`;
