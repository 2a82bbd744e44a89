type Work<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Does two things at once. When one fails the other is stopped and waited for, and the error is that of the one that
 * failed first.
 */
export async function together<A, B>(
  outer: AbortSignal,
  [first, second]: [Work<A>, Work<B>],
): Promise<[A, B]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  const works = [first(signal), second(signal)] as const;
  try {
    return await Promise.all(works);
  } finally {
    stop.abort();
    await Promise.allSettled(works);
  }
}
