import type { Way } from './way.ts';

/** Checks the place again and again where its client would not say that it is gone; undefined where it does. */
export function lookAgain(way: Way, onGone: () => void): NodeJS.Timeout | undefined {
  if (way.lookMs === undefined) return undefined;
  let asking = false;
  const timer = setInterval(async () => {
    if (asking) return;
    asking = true;
    try {
      await way.check();
    } catch (error) {
      // a cluster that does not answer now says nothing about the pod
      if ((error as { kind?: unknown }).kind === 'gone') onGone();
    }
    asking = false;
  }, way.lookMs);
  timer.unref();
  return timer;
}
