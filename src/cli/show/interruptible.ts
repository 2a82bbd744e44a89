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
