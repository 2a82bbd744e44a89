import { start } from '../local.ts';

/**
 * Waits for its standard input to end, which also happens when the parent is killed; then ends what it was told
 * about and removes the directory. It reads `initdb PID`, `server PID`, `none` and `keep`.
 *
 * The lock file tells that the server is gone more surely than its pid does: without an init process that reaps,
 * the pid of an ended server stays.
 */
const SCRIPT = `
trap '' HUP INT TERM
PATH=/usr/bin:/bin:$PATH
directory=$1; lock=$2/postmaster.pid
kind=none; pid=0; keep=no
while read -r word number; do
  case $word in
    keep) keep=yes ;;
    *) kind=$word; pid=\${number:-0} ;;
  esac
done
if [ "$kind" = initdb ]; then kill -KILL "-$pid" 2>/dev/null; fi
if [ "$kind" = server ]; then
  kill -QUIT "$pid" 2>/dev/null
  n=0
  while [ $n -lt 100 ] && [ -e "$lock" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.05; n=$((n + 1)); done
  kill -KILL "$pid" 2>/dev/null
fi
n=0
while [ "$keep" = no ] && [ -e "$directory" ] && [ $n -lt 100 ]; do
  rm -rf "$directory" 2>/dev/null
  [ -e "$directory" ] && sleep 0.05
  n=$((n + 1))
done
`;

/** A process of its own that removes a cluster when this one ends, in whatever way. */
export interface Watchdog {
  /** What has to end before the directory may go. */
  watch(kind: 'initdb' | 'server', pid: number): void;
  /** Nothing runs at the moment. */
  watchNothing(): void;
  /** Makes it remove everything now; fulfilled when that is done. */
  finish(): Promise<void>;
}

/** Starts the watchdog of a directory; with `keep` it ends the server but leaves the files. */
export async function startWatchdog(directory: string, dataDir: string, keep: boolean): Promise<Watchdog> {
  const child = await start('/bin/sh', ['-c', SCRIPT, 'pgdeck-watchdog', directory, dataDir], {
    cwd: '/',
    outlive: true,
  });
  child.hold(false);
  if (keep) child.write('keep');
  return {
    watch: (kind, pid) => child.write(`${kind} ${pid}`),
    watchNothing: () => child.write('none'),
    finish: async () => {
      child.hold(true);
      child.closeInput();
      await child.exited;
    },
  };
}
