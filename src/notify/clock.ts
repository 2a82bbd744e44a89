/** Time, handed in: fifteen minutes of retries take no time in a test. */
export interface Clock {
  /** Milliseconds, never going back. */
  now(): number;
  /** Calls back once after some milliseconds; returns how to cancel. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
