/*
 * Lines of the shell that end a group there: `ends SIGNAL GROUP`, but not who has the id `me`.
 *
 * Where the first process of a container is a server of PostgreSQL, whoever loses its parent becomes a child of it. One
 * that ends by a signal then is taken for a session that crashed: the server ends all others and recovers from its WAL
 * (13 to 18; it does not ask whether it knows the child). So a parent must outlive what is ended below it, and wait for
 * it: only those are signalled that have no child, then those above them, which most often have ended by themselves.
 * Who has lost its parent already is left to what it does, but for PostgreSQL's own programs, which end with exit code
 * 1 when they are asked.
 */
export const ENDING = String.raw`
me= told= served=; x=; read -r x </proc/1/comm && case $x in postgres | postmaster) served=1 ;; esac
low() {
  those= above= found=
  for d in /proc/[0-9]*; do
    x=; read -r x <"$d/stat" || continue
    i=${'$'}{d#/proc/} name=${'$'}{x#*\(}
    set -- "$1" "$2" ${'$'}{x##*) }
    above="$above $4 "
    [ "$5" = "$2" ] && [ "$3" != Z ] && [ "$i" != "$me" ] || continue
    if [ "$4" = 1 ]; then case $1$name in TERMpg_*) ;; *) continue ;; esac; fi
    found=1 those="$those $i"
  done
  for i in $those; do
    case $above$told in *" $i "* | *" $1$i "*) continue ;; esac
    kill -s "$1" "$i" && told="$told $1$i "
  done
  [ -n "$found" ]
}
ends() {
  if [ -z "$served" ]; then kill -s "$1" -- "-$2" || kill -s "$1" "$2"; return; fi
  kill -s CONT -- "-$2"
  for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    low "$1" "$2" || return 0
    sleep 0.1 || sleep 1
  done
}
`;
