import { ENDING } from './ending.ts';
import { SUM } from './sum.ts';

/*
 * What runs in the other place around every command, in dash, bash and the ash of busybox alike. The text is the same
 * for all commands and holds no secret: what differs comes on standard input.
 *
 * It first reads `TOKEN STALL LIVES SOFT PLACE LARGE FILE KEY`, then the lines of code that start the program, up to a
 * line that is the token. Then words:
 *   `SIZE COUNT`  so many blocks follow, for the program's input    `0`      its input ends
 *   `f SIZE COUNT`  so many follow for `FILE`
 *   `s NAME PID`  a signal for the program alone                    `k`, `K` end its group, kill it
 *   `h`           it has ended: let go of who holds its output      `q`      all is told
 * LARGE `i`: `FILE` is made, and the program's input are lines with how many blocks came. `o`: the program's output is
 * `FILE`, so that it goes to the client as it is and is reckoned over beside it. `1`: it is only much. SOFT 1: programs
 * that hear an interrupt are interrupted first, see {@link file://./ending.ts}.
 *
 * An end without `q` is that of the client: the program is ended before its input is closed, since a psql that sees
 * its input end commits what came until then. `LIVES` 1: only its input is closed.
 *
 * Four processes of one group: `feed` reads the words, `core` waits for the program, which has a group of its own, `tee`
 * passes its output on, and `sum` reckons over it. They hear each other by signals to their group, which all but one of
 * them ignore: pids would have to be told, and the background job of a pipe is waited for as a whole in dash.
 *   USR1 core: TERM for the program    ALRM core: KILL for it    HUP tee: end    USR2 feed: all is told, end
 *
 * What it says stands on stderr, each line with the token that only this command knows.
 * `dd` with fullblock reads exactly what it is told; `head -c` of busybox reads more (1.35).
 */
const SCRIPT = String.raw`
x=; read -r x </proc/self/stat 2>/dev/null
x=${'$'}{x##*) }
lead=1
if [ "$(set -- $x; echo "$3")" != "$$" ]; then
  command -v setsid >/dev/null 2>&1 && exec setsid sh -c 'eval "$1"' pgdeck "$1"
  lead=
fi
exec 3<&0 </dev/null 4>&2 5>&1 2>/dev/null
say() { printf '\001%s:%s\n' "$t" "$1" >&4; }
IFS=' ' read -r t stall lives soft place large f key <&3 || exit 90
s=
while :; do
  IFS= read -r l <&3 || exit 90
  [ "$l" = "$t" ] && break
  s="$s$l
"
done
[ -n "$lead" ] || { say refused:group; exit 0; }
b=; read -r b </proc/sys/kernel/random/boot_id
x=; read -r x </proc/1/stat
here=$b/$(set -- ${'$'}{x##*) }; echo "${'$'}{20}")
say "place:$here"
[ "$place" = - ] || [ "$place" = "$here" ] || { say refused:place; exit 0; }
for x in dd tee wc sleep cat; do command -v "$x" >/dev/null || { say "refused:tool:$x"; exit 0; }; done
if [ "$f" != - ]; then
  # a newline at its end is kept
  f=$(printf "$f"; echo .)
  f=${'$'}{f%.}
  [ "$large" = i ] || { [ -f "$f" ] && [ -r "$f" ]; } || large=1
fi
sid=; command -v setsid >/dev/null && sid=1
${SUM}
${ENDING}
pause() { sleep 0.1 || sleep 1; }
tree() {
  all=" $2 " more=1
  while [ -n "$more" ]; do
    more=
    for d in /proc/[0-9]*; do
      i=${'$'}{d#/proc/}
      case $all in *" $i "*) continue ;; esac
      x=; read -r x <"$d/stat" || continue
      set -- "$1" ${'$'}{x##*) }
      case $all in *" $3 "*) all="$all$i " more=1 ;; esac
    done
  done
  kill -s "$1" $all
}
end() { if [ -n "$sid" ]; then ends "$1" "$c"; else tree "$1" "$c"; fi; }
gently() {
  [ "$soft" = 1 ] || return
  if [ -n "$sid" ]; then asks "$c"; else asks $$; fi
}
quit() {
  # while it is at it, it only hears that it is over: who it holds still would go on in the middle of that
  [ -z "$1" ] || hard=1
  [ -n "$c" ] && [ -z "$done$busy" ] || return
  busy=1
  asked=1
  if [ -z "$went$hard" ]; then
    gently
    end TERM
    # where nobody was told it had no group of its own yet
    [ -n "$served" ] && [ -z "$told" ] || went=1
  fi
  [ -z "$hard" ] || end KILL
  busy=
}
want() {
  case $1 in
    */*) if [ ! -e "$1" ]; then say refused:missing:$2; exit 127; elif [ ! -f "$1" ] || [ ! -x "$1" ]; then say refused:denied:$2; exit 126; fi ;;
    *) command -v -- "$1" >/dev/null || { say refused:missing:$2; exit 127; } ;;
  esac
}
go() {
  say ready
  exec 2>&4 3<&- 4>&- 8<&-
  if [ -n "$sid" ]; then exec setsid "$@"; else exec "$@"; fi
}
watch() {
  # what its group is told is not for it: with it its sleep would die by the signal, and have nobody who waits for it
  trap '' HUP USR1 USR2 ALRM
  o= k=0 g=$$
  [ -n "$sid" ] && g=$c
  # without the streams of ours, or the client would wait for the last of them
  while sleep 1 3<&- 4>&- 8<&- >/dev/null; do
    n=
    for d in /proc/[0-9]*; do
      x=; read -r x <"$d/stat" || continue
      set -- ${'$'}{x##*) }
      [ "$3" = "$g" ] || continue
      while read -r a b; do case $a in rchar: | wchar:) n="$n $d$a$b" ;; esac; done <"$d/io"
    done
    if [ -n "$n" ] && [ "$n" = "$o" ]; then k=$((k + 1)); else k=0 o=$n; fi
    [ "$k" -lt "$stall" ] || { say stalled; kill -s USR1 "$core"; sleep 5; kill -s ALRM "$core"; exit; }
  done
}
feed() {
  exec 5>&-
  # not the default: what it waits for ends by the signal, too, and must have somebody who waits for it
  trap 'exit 0' USR2
  made=
  if [ "$large" = i ]; then
    # a pipe or a device is there, though it may be written
    if (LC_ALL=C; umask 077; set -C; [ ! -e "$f" ] || [ -f "$f" ] || { echo 'File exists' >&2; exit 1; }; : >"$f") 2>&4; then made=1; exec 6>"$f"; echo made
    else exec >&-; cat <&3 >/dev/null; fi
  fi
  while IFS=' ' read -r a b p <&3; do
    case $a in
      [1-9]*) dd bs="$a" count="$b" iflag=fullblock <&3 || { exec >&-; cat <&3 >/dev/null; break; } ;;
      f)
        if x=$(LC_ALL=C; export LC_ALL; dd bs="$b" count="$p" iflag=fullblock <&3 2>&1 >&6); then (echo "$p") && continue
        else printf '%s\n' "${'$'}{x%%
*}" >&4; (echo failed); fi
        exec >&-; cat <&3 >/dev/null; break ;;
      0) exec >&- 6>&- ;;
      s) kill -s "$b" "$p" ;;
      k) kill -s USR1 0 ;;
      K) kill -s ALRM 0 ;;
      h) kill -s HUP 0 ;;
      q) exit 0 ;;
    esac
  done
  [ "$lives" = 1 ] && exit 0
  [ -z "$made" ] || rm -f -- "$f"
  for a in 1 2 3 4 5 6 7 8 9 10; do kill -s USR1 0; pause; done
  for a in 1 2 3 4; do sleep 1; done
  kill -s ALRM 0; sleep 1; kill -s ALRM 0; sleep 1
  kill -s HUP 0
  x=; read -r x </proc/self/stat; me=${'$'}{x%% *}
  ends KILL $$
}
core() {
  [ "$large" = o ] || exec 5>&-
  exec 8<&0
  c= done= w= p= asked= went= busy=
  x=; read -r x </proc/self/stat; core=${'$'}{x%% *}
  trap 'on=1; quit' USR1
  trap 'on=1; quit hard' ALRM
  { trap - HUP USR1 USR2 ALRM; [ "$large" != o ] || exec >&5 5>&-; eval "$s"; } <&8 8<&- &
  c=$!
  exec 5>&- 8<&- </dev/null
  x=; read -r x <"/proc/$c/stat"
  say "pid:$c:$(set -- ${'$'}{x##*) }; echo "${'$'}{20}")"
  if [ "$stall" -gt 0 ]; then watch >/dev/null & w=$!; fi
  while :; do
    on=
    wait "$c"; r=$?
    [ "$r" = 127 ] && [ -n "$p" ] && r=$p
    [ -z "$on" ] && break
    p=$r
  done
  done=1
  # asked before it had a group of its own, it heard what is said to ours
  case $asked$r in 1138) r=143 ;; esac
  say "exit:$r"
  # where the first process is a server, it takes one that dies by a signal for its own: nobody is left to it. What is
  # still told now would end the wait
  trap '' USR1 ALRM
  [ -z "$w" ] || { kill "$w"; wait "$w"; }
}
sum() {
  exec 3<&- 5>&-
  if [ "$large" = o ]; then x=$(reckon 1 "$key" <"$f"); cat >/dev/null; say "$x"
  else say "$(reckon "$large" "$key")"; fi
  kill -s USR2 0
}
trap '' HUP USR1 USR2 ALRM
[ "$large" = o ] && { feed | core | sum; exit 0; }
feed | core | { trap - HUP; exec tee /dev/fd/7 7>&1 >&5 3<&-; } | sum
exit 0
`;

/** The words that run it. */
export const WRAPPER: readonly string[] = ['sh', '-c', 'eval "$1"', 'pgdeck', SCRIPT];
