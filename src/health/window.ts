import { HOUR } from '../monitor/derived/growth.ts';
import type { Window } from '../monitor/derived/rates.ts';
import { duration, durationText } from '../text/units.ts';
import type { Unknown } from './finding.ts';

/** Backends publish their counters late and by leaps: what happens per second is judged by no shorter a window. */
export const MINUTE = 60;
/** Seconds between two readings, in the console at most. */
const BETWEEN = 15;
/** A window that ends when its last answer came is short of it by less. */
const GRACE = 1;

/** Counters, as far as their age matters. */
export interface Counters {
  /** Server clock. */
  readonly server_ms: number;
  readonly stats_reset: string | null;
}

/** Why a window of so many seconds over these counters says nothing yet; undefined where it does. */
export function tooShort(
  seconds: number | null | undefined,
  counters: readonly Counters[],
  asked = MINUTE,
): Unknown | undefined {
  // no window is longer
  const needed = Math.min(asked, HOUR);
  if (seconds !== null && seconds !== undefined && seconds >= needed - GRACE) return undefined;
  const soFar = seconds ? `so far there are ${duration(seconds)}` : 'so far there is one';
  return {
    reason: `It takes ${durationText(needed)} of samples; ${soFar}${resetText(seconds ?? null, counters, needed)}.`,
    remedy: `pgdeck health --sample ${needed}`,
    wait: needed - (seconds ?? 0),
  };
}

/** Where it is a reset that a window is no longer for: it began then, or at the next reading. */
function resetText(seconds: number | null, counters: readonly Counters[], needed: number): string {
  const ages = counters.flatMap(({ server_ms, stats_reset }) =>
    stats_reset === null ? [] : [(server_ms - Date.parse(stats_reset)) / 1000],
  );
  const age = Math.min(...ages);
  if (age > (seconds === null ? needed : seconds + BETWEEN)) return '';
  return `, for the counters were reset ${duration(Math.max(0, age))} ago`;
}

/**
 * Why it is not known that nothing has happened lately: something was counted before, and the window is too short to
 * show that it has stopped. What never happened needs no window.
 */
export function notYet(
  total: number,
  grown: number,
  window: Window | undefined,
  counters: readonly Counters[],
): Unknown | undefined {
  return total > 0 && grown === 0 ? tooShort(window?.seconds, counters) : undefined;
}
