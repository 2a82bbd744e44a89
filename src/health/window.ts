import { HOUR } from '../monitor/derived/growth.ts';
import type { Window } from '../monitor/derived/rates.ts';
import { duration, durationText } from '../text/units.ts';
import type { Unknown } from './finding.ts';

/** Backends publish their counters late and by leaps: what happens per second is judged by no shorter a window. */
export const MINUTE = 60;
/** A window that ends when its last answer came is short of it by less. */
const GRACE = 1;

/** Why a window of so many seconds says nothing yet, `reset`: because the counters began anew; undefined where it does. */
export function tooShort(
  seconds: number | null | undefined,
  reset: boolean,
  asked = MINUTE,
): Unknown | undefined {
  // no window is longer
  const needed = Math.min(asked, HOUR);
  if (seconds !== null && seconds !== undefined && seconds >= needed - GRACE) return undefined;
  const soFar = seconds ? `so far there are ${duration(seconds)}` : 'so far there is one';
  const why = reset ? ', for the counters were reset meanwhile' : '';
  return {
    reason: `It takes ${durationText(needed)} of samples; ${soFar}${why}.`,
    remedy: `pgdeck health --sample ${needed}`,
    wait: needed - (seconds ?? 0),
  };
}

/**
 * Why it is not known that nothing has happened lately: something was counted before, and the window is too short to
 * show that it has stopped. What never happened needs no window.
 */
export function notYet(
  total: number,
  grown: number,
  window: Window | undefined,
  reset: boolean,
): Unknown | undefined {
  return total > 0 && grown === 0 ? tooShort(window?.seconds, reset) : undefined;
}
