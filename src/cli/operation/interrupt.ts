import { EXIT, note } from '../output.ts';

const FORCE_MS = 3_000;

const ignore = () => {};

/**
 * Signals while an operation runs: the first ^C asks it to stop, another one within three seconds ends this process
 * at once; SIGTERM and SIGHUP ask it too. `left` says what becomes of what was done.
 */
export function interruptible(left: () => string): { signal: AbortSignal; release(): void } {
  const abort = new AbortController();
  let last = Number.NEGATIVE_INFINITY;
  const interrupt = () => {
    const now = performance.now();
    if (now - last < FORCE_MS) {
      note('pgdeck: Ended at once. What was left is found by: pgdeck recover');
      // the groups of the programs that were started are ended with this process
      process.exit(EXIT.failed);
    }
    last = now;
    note(`pgdeck: Stopping. ${left()} ^C again within 3 s ends pgdeck at once.`);
    abort.abort();
  };
  const stop = () => {
    note(`pgdeck: Stopping. ${left()}`);
    abort.abort();
  };
  // whoever reads the output may have had enough, and the terminal may be gone: what was begun is not left halfway.
  // For good: what is written last fails when the run is over, and the exit code is that of the run
  process.stdout.removeAllListeners('error').on('error', ignore);
  process.stderr.removeAllListeners('error').on('error', ignore);
  process.on('SIGINT', interrupt).on('SIGTERM', stop).on('SIGHUP', stop);
  return {
    signal: abort.signal,
    release: () => {
      process.off('SIGINT', interrupt).off('SIGTERM', stop).off('SIGHUP', stop);
    },
  };
}
