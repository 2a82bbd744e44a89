type Work<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Does things at once. When one fails the others are stopped and waited for, and the error is that of the one that
 * failed first.
 */
export async function concurrently<T extends readonly unknown[]>(
  outer: AbortSignal,
  does: { readonly [K in keyof T]: Work<T[K]> },
): Promise<T> {
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  const works = does.map((work) => work(signal));
  try {
    return (await Promise.all(works)) as unknown as T;
  } finally {
    stop.abort();
    await Promise.allSettled(works);
  }
}
