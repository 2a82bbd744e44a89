/**
 * Aborts when the time is up or the other signal does. AbortSignal.any() would keep something of every attempt alive as
 * long as the other signal: for days in a daemon.
 */
export interface Deadline {
  readonly signal: AbortSignal;
  /** The time was up. */
  readonly late: boolean;
  release(): void;
}

export function deadline(ms: number, other: AbortSignal): Deadline {
  const abort = new AbortController();
  let late = false;
  const stop = () => abort.abort();
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, ms);
  if (other.aborted) stop();
  other.addEventListener('abort', stop, { once: true });
  return {
    signal: abort.signal,
    get late() {
      return late;
    },
    release: () => {
      clearTimeout(timer);
      other.removeEventListener('abort', stop);
    },
  };
}
