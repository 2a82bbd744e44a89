import { EXIT, whenWritten } from '../output.ts';

/** Waiting that ^C and SIGTERM end early. */
export function interruptible(): {
  /** True when it was ended before the seconds were over. */
  after(seconds: number): Promise<boolean>;
} {
  return {
    after: (seconds) =>
      new Promise((resolve) => {
        const end = (stopped: boolean) => {
          clearTimeout(timer);
          process.off('SIGINT', stop);
          process.off('SIGTERM', stop);
          resolve(stopped);
        };
        const stop = () => end(true);
        // one without an end would be over at once
        const timer =
          seconds === Number.POSITIVE_INFINITY ? undefined : setTimeout(() => end(false), seconds * 1000);
        process.on('SIGINT', stop);
        process.on('SIGTERM', stop);
      }),
  };
}

/**
 * From now on ^C and SIGTERM end the process as done, at any moment: also while a server is asked that does not answer.
 * What was printed is handed over first. Returns what lets go of them.
 */
export function endsWhenTold(): () => void {
  const end = () => whenWritten(() => process.exit(EXIT.done));
  process.on('SIGINT', end).on('SIGTERM', end);
  return () => {
    process.off('SIGINT', end).off('SIGTERM', end);
  };
}
