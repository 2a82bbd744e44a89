import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for a condition and returns its value: the only way a test waits. The condition counts as not met while it
 * is undefined, null or false; an error in it counts as such too, and the last one is reported at the timeout.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { what, timeout = 5_000 }: { what: string; timeout?: number },
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + timeout;
  let failure: unknown;
  for (let pause = 5; ; pause = Math.min(pause * 1.5, 100)) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false)
        return value as Exclude<T, undefined | null | false>;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline)
      throw new Error(`Waited ${timeout} ms in vain for: ${what}.`, {
        ...(failure !== undefined && { cause: failure }),
      });
    await delay(pause);
  }
}
