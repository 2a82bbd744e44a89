import type { Resolved } from '../../config/profile.ts';
import type { Deck } from './deck.ts';

/** How long a read-only profile is written to at most. */
export const ARMED_MINUTES = 10;

export const ARMED_MS = ARMED_MINUTES * 60_000;

/**
 * Seconds for which it is writable yet; undefined where it is not armed. A clock that somebody sets back, or a machine
 * that has slept, does not make it longer.
 */
export function armedFor({
  state,
  sampler,
  ports,
}: Pick<Deck, 'state' | 'sampler' | 'ports'>): number | undefined {
  const { armed } = state;
  if (armed === undefined) return undefined;
  const left = Math.min(armed.until - sampler.now(), armed.untilWall - ports.wallClock(), ARMED_MS);
  return left > 0 ? left / 1000 : undefined;
}

/** The server as it is while it is armed. */
export function writableOf(given: Resolved): Resolved {
  return { ...given, readOnly: false, target: { ...given.target, readOnly: false } };
}
