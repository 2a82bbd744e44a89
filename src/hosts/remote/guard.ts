import { ENDING } from './ending.ts';
import { Exchange, type Place } from './exchange.ts';
import type { Way } from './way.ts';

/*
 * A program that reads nothing, behind a lock say, leaves what was sent standing in the pipes, and the end of our
 * input behind it: nobody there would hear that we are gone. A second command hears it. The start time tells the
 * program from another one that has its pid by now.
 */
const GUARD = `read -r x && exit 0
exec 2>/dev/null
${ENDING}
soft=$3
for s in INT TERM KILL; do
  x=; read -r x <"/proc/$1/stat" || exit 0
  set -- "$1" "$2" \${x##*) }
  [ "\${22}" = "$2" ] || exit 0
  if [ -n "$served" ] && [ "$4" != 1 ]; then
    # its parent ends it, and is the only one who does
    case $s in TERM) kill -s USR1 "$4" ;; KILL) kill -s ALRM "$4" ;; esac
  else
    case $s$soft in INT1) asks "$1" ;; INT*) ;; *) ends $s "$1" ;; esac
  fi
  [ $s != INT ] || continue
  [ $s = KILL ] || sleep 5
done`;

/** Ends a program there when it is left, or when we are gone. */
export interface Guard {
  /** Fulfilled when it watches; never where it does not come to that. */
  readonly ready: Promise<void>;
  /** The program has ended. */
  done(): void;
  /** Ends the program. */
  leave(): void;
  /** Fulfilled when it watches no more. */
  readonly ended: Promise<unknown>;
}

/** `gently`: what hears an interrupt is interrupted first. Throws {@link CommandError} when it cannot start. */
export async function startGuard(
  way: Way,
  place: Place,
  { pid, since }: { pid: number; since: string },
  gently: boolean,
): Promise<Guard> {
  const job = {
    commands: [{ command: 'sh', args: ['-c', GUARD, 'sh', String(pid), since, gently ? '1' : '0'] }],
    lives: true,
  };
  const exchange = await Exchange.start(way, place, job, {
    onStdout: () => {},
    onStderr: () => {},
    onFault: () => {},
  });
  let watching = false;
  return {
    ready: exchange.started.then((one) => {
      watching = one !== undefined;
      return watching ? undefined : new Promise<void>(() => {});
    }),
    done: () => {
      if (watching) void exchange.write('5 1\ndone\n', '0\n');
      else exchange.leave();
    },
    leave: () => exchange.leave(),
    ended: exchange.ended,
  };
}
