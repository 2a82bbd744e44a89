import type { Where } from '../../types.ts';

/** Milliseconds that a lock is waited for: who waits longer makes everybody behind wait, too. */
const LOCK_TIMEOUT = 3000;

/** Milliseconds for one attempt; 0 for what waits by design. */
export function lockTimeoutOf({ patience }: Where, waits: boolean): number {
  if (waits) return 0;
  return patience === undefined ? LOCK_TIMEOUT : patience.lockTimeout * 1000;
}

/**
 * Whether one of these texts has a statement that waits by design. A timeout would end it halfway, and leave an invalid
 * index that a second run skips.
 */
export function waitsByDesign(texts: readonly string[]): boolean {
  return texts.some((text) => /\bconcurrently\b/i.test(text));
}
