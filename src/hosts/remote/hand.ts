import type { FileHandle } from 'node:fs/promises';
import { startClient } from './client.ts';
import { FILE_UNIT } from './input.ts';
import { NoteReader } from './notes.ts';
import { SUM } from './sum.ts';
import type { ClientEnd, Way } from './way.ts';

/** What a copy ends with there when it is cut; nobody has said why then. */
export const CUT = 75;
/** Where the process that ends with us did not begin: nothing was made. */
export const LATE = 76;
/** Bytes there that are reckoned over at once, at least: each time costs a process. */
const PASS = 32 << 20;
/** Milliseconds for the client to close once all is told. */
const CLOSE_MS = 2_000;
/** Characters of stderr that are kept. */
const KEPT = 65_536;

/** A word of the process there that ends with us, which the copy finds it by. */
export const guardWord = (token: string) => `guard-${token}`;

/*
 * Makes a new file of what it reads: `PATH SIZE KEY TOKEN`. First it waits for the process that ends with us, which is
 * started beside it and has `guard-TOKEN` among its words. What has come is reckoned over behind that, from the
 * file itself and each time up to what it holds then; with `sum` it tells how far it came. A second process looks whether
 * that one is still there: when it is gone, or when more comes than should, dd is ended, and the
 * file made empty, so that who reads it ends, too. Nobody ends by a signal whose parent does not wait for him, see
 * {@link file://./ending.ts}.
 */
const HAND = String.raw`
LC_ALL=C; export LC_ALL
exec 3<&0 </dev/null 4>&2 >/dev/null 2>&1
f=$1 size=$2 key=$3 t=$4
say() { printf '\001%s:%s\n' "$t" "$1" >&4; }
${SUM}
seek() {
  for i in /proc/[0-9]*; do
    x=; read -r x <"$i/cmdline"
    case $x in *"guard-$t"*) ;; *) continue ;; esac
    x=; read -r x <"$i/stat" || continue
    pid=${'$'}{i#/proc/}
    set -- ${'$'}{x##*) }
    since=${'$'}{20}
    return 0
  done
  return 1
}
guarded() {
  x=; read -r x <"/proc/$pid/stat" || return 1
  set -- ${'$'}{x##*) }
  [ "${'$'}{20}" = "$since" ] && [ "$1" != Z ]
}
at() { while read -r k v; do [ "$k" != pos: ] || p=$v; done <"/proc/self/fdinfo/$1"; }
over() {
  x=; read -r x <"/proc/$d/stat" || return 0
  set -- ${'$'}{x##*) }
  [ "$1" = Z ] || [ "$2" != $$ ]
}
rest() { "$@" 3<&- 4>&- 6>&- 7<&-; }
watch() {
  while rest sleep 0.5 || rest sleep 1; do
    at 6; w=$p; at 7; say "at:$w:$p"
    guarded && [ "$w" -le "$size" ] && continue
    over || kill "$d"
    : >"$f"
  done
}
n=0
until seek; do
  [ "$n" -lt 160 ] || { say exit:${LATE}; exit 0; }
  rest sleep 0.05 || { rest sleep 1; n=$((n + 19)); }
  n=$((n + 1))
done
say at:0:0
# a pipe or a device is there, though it may be written
(umask 077; set -C; [ ! -e "$f" ] || [ -f "$f" ] || { echo 'File exists' >&2; exit 1; }; : >"$f") 2>&4 || { say exit:1; exit 0; }
exec 6>"$f" 7<"$f"
dd bs=${FILE_UNIT} iflag=fullblock <&3 >&6 2>&4 3<&- 4>&- 7<&- & d=$!
watch & w=$!
n=0 r= last=
while :; do
  ! over || last=1
  at 6; to=$p; at 7
  if [ $((to - p)) -ge ${PASS} ] || { [ -n "$last" ] && [ "$to" -gt "$p" ]; }; then
    to=$p s=$(reckon 1 "$key" "$n" <&7) n=$((n + 1))
    at 7
    [ "$p" -gt "$to" ] || break
    say "sum:$p:$s"
  elif [ -n "$last" ]; then break
  elif [ $((size - to)) -lt ${PASS} ]; then wait "$d"; r=$?
  else rest sleep 0.1 || rest sleep 1
  fi
done
[ -n "$r" ] || { wait "$d"; r=$?; }
kill "$w"; wait "$w"
at 6; to=$p; at 7
if [ "$r" = 0 ] && [ "$to" = "$size" ] && [ "$p" = "$size" ] && guarded; then say exit:0; exit 0; fi
rm -f -- "$f"
case $r in 0) r=${CUT} ;; *) [ "$r" -lt 128 ] || r=${CUT} ;; esac
say "exit:$r"
`;

export interface HandJob {
  /** A new file there. */
  readonly to: string;
  /** Bytes of the one that it gets. */
  readonly size: number;
  /** What is reckoned by, as the sum takes it. */
  readonly key: string | undefined;
  /** Of 32 hexadecimal digits: what only this copy says, and the one that it waits for. */
  readonly token: string;
}

/** What is told while it goes on. */
export interface HandNotes {
  /** Bytes that are in the file there, and those of them that were reckoned over. */
  readonly onMoved: (bytes: number, reckoned: number) => void;
  /** What was reckoned over those from the end of the last time up to there. */
  readonly onSum: (end: number, sum: { readonly kind: string; readonly value: string }) => void;
}

/** The copy there, as it ended; without an exit code nothing is known of it. */
export interface HandEnd {
  readonly client: ClientEnd;
  readonly exitCode: number | undefined;
}

export interface Hand {
  /** Fulfilled when all is told, or when its client has ended; never rejected. */
  readonly ended: Promise<HandEnd>;
  /** Ends its client without waiting for the copy there, which ends then. */
  kill(): void;
}

/** Starts the copy of an open file, from where that stands. Throws {@link CommandError} when the client cannot start. */
export async function startHand(
  way: Way,
  file: FileHandle,
  { to, size, key = '', token }: HandJob,
  { onMoved, onSum }: HandNotes,
): Promise<Hand> {
  const words = ['sh', '-c', HAND, 'sh', to, String(size), key, token];
  const client = await startClient(way, words, { input: file.fd });
  let stderr = '';
  let exitCode: number | undefined;
  let told = () => {};
  const all = new Promise<void>((resolve) => {
    told = resolve;
  });
  const notes = new NoteReader([token], ([what, first = '', second = '', third = '']) => {
    if (what === 'at') onMoved(Number(first), Number(second));
    else if (what === 'sum') onSum(Number(first), { kind: second, value: third });
    else if (what === 'exit' && /^\d+$/.test(first)) {
      exitCode = Number(first);
      told();
    }
  });
  client.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + notes.read(chunk)).slice(-KEPT);
  });
  // nobody reads it: it is only kept to tell why no shell began
  let stdout = '';
  client.stdout?.on('data', (chunk: Buffer) => {
    stdout = (stdout + chunk.toString()).slice(-KEPT);
  });
  // it may not end although all is told
  void all.then(() => {
    const timer = setTimeout(() => client.kill(), CLOSE_MS);
    void client.closed.then(() => clearTimeout(timer));
  });
  return {
    ended: Promise.race([client.closed, all.then(() => ({ exitCode: undefined, signal: undefined }))]).then(
      (end) => ({ client: { ...end, stderr: stderr + notes.rest(), stdout }, exitCode }),
    ),
    kill: () => client.kill(),
  };
}
