/*
 * Lines of the shell that end a group there: `ends SIGNAL GROUP`, but not who has the id `me`.
 *
 * Where the first process of a container is a server of PostgreSQL, whoever loses its parent becomes a child of it. One
 * that ends by a signal then is taken for a session that crashed: the server ends all others and recovers from its WAL
 * (13 to 18; it does not ask whether it knows the child). So a parent must outlive what is ended below it, and wait for
 * it: only those are signalled that have no child, then those above them, which most often have ended by themselves. All
 * are stopped while that is looked at: pg_dumpall starts a shell to ask pg_dump its version, and would leave it behind.
 * Who is told to stop may first finish what it has begun in the kernel, a child among others: it has none that is not seen
 * only where it stood still before those that are there were listed. On a busy machine that takes a moment, and who does
 * not stand still is left for the next turn, but not for ever: one that waits for a disk begins nobody. So nobody else may
 * let the group go on meanwhile: all that ends it asks `core` of {@link file://./wrapper.ts} for it. Who has lost its parent already is left to what it does, but for pg_dump and pg_restore, which end with exit code 1 when
 * they are asked.
 *
 * `asks GROUP` comes before: psql and its like have the server cancel what they work at when they are interrupted, and
 * only then (13 to 18); ended by TERM they say nothing, and the server goes on until it is done. The rest of the group
 * does not hear it: a psql whose input ends takes that for whole. It waits until they have ended, but not for long.
 */
export const ENDING = String.raw`
me= told= hard= served=; x=; read -r x </proc/1/comm && case $x in postgres | postmaster) served=1 ;; esac
stood() {
  still=
  for d in /proc/[0-9]*; do
    x=; read -r x <"$d/stat" || continue
    set -- "$1" ${'$'}{x##*) }
    [ "$4" = "$1" ] && [ "$2" = T ] && still="$still ${'$'}{d#/proc/} "
  done
}
low() {
  those= above= found=
  for d in /proc/[0-9]*; do
    x=; read -r x <"$d/stat" || continue
    i=${'$'}{d#/proc/} name=${'$'}{x#*\(}
    set -- "$1" "$2" ${'$'}{x##*) }
    above="$above $4 "
    [ "$5" = "$2" ] && [ "$3" != Z ] && [ "$i" != "$me" ] || continue
    if [ "$4" = 1 ]; then case $1$name in TERMpg_dump\)* | TERMpg_restore\)*) ;; *) continue ;; esac; fi
    found=1
    [ -n "$me" ] || [ "$n" -gt 10 ] || case $still in *" $i "*) ;; *) continue ;; esac
    those="$those $i"
  done
  for i in $those; do
    case $above$told in *" $i "* | *" $1$i "*) continue ;; esac
    kill -s "$1" "$i" && told="$told $1$i "
  done
  [ -n "$found" ]
}
asks() {
  for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    those=
    for d in /proc/[0-9]*; do
      x=; read -r x <"$d/stat" || continue
      i=${'$'}{d#/proc/} name=${'$'}{x#*\(}
      case ${'$'}{name%\)*} in psql | vacuumdb | reindexdb | clusterdb) ;; *) continue ;; esac
      set -- "$1" ${'$'}{x##*) }
      [ "$4" = "$1" ] && [ "$2" != Z ] || continue
      # it ends with 3, which a server that has become its parent takes for a crash
      [ -z "$served" ] || [ "$3" != 1 ] || continue
      those="$those $i"
    done
    [ -n "$those" ] && [ -z "$hard" ] || return 0
    [ "$n" != 1 ] || kill -s INT $those
    sleep 0.1 || sleep 1
  done
}
ends() {
  if [ -z "$served" ]; then kill -s "$1" -- "-$2" || kill -s "$1" "$2"; return; fi
  for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    [ "$1$hard" != TERM1 ] || return 0
    if [ -z "$me" ]; then kill -s STOP -- "-$2"; stood "$2"; fi
    low "$1" "$2"; left=$?
    [ -n "$me" ] || kill -s CONT -- "-$2"
    [ "$left" = 0 ] || return 0
    sleep 0.1 || sleep 1
  done
}
`;
