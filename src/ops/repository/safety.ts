import type { Manifest } from './manifest.ts';

/**
 * What pgdeck called them before their manifests said what they are. A label that somebody gave to a backup of their own
 * with these words is not enough: those had the globals beside them unless they were left out.
 */
const LABELS =
  /^before (a restore of (these tables|\S+_\d{8}_\d{6}(-\d+)?|.+\.(sql|dump|backup|gz|zst))|migrate (up|down) .+)$/;

/**
 * Whether a backup was made by pgdeck before it changed something: the way back from that, and nothing that anybody
 * wants back by itself. Its label does not matter where the manifest says so, one way or the other.
 */
export function isSafety({ manifest }: { readonly manifest?: Manifest | undefined }): boolean {
  if (manifest === undefined) return false;
  const { safety, label, format, globals } = manifest;
  return safety ?? (label !== null && format === 'custom' && globals === null && LABELS.test(label));
}

/** Clocks of machines that share a repository differ by a little. */
const AHEAD_MS = 5 * 60_000;

/** Whether a backup was made by a clock that was wrong, or this machine's is: it says nothing of how new it is. */
export function isFromFuture(createdAt: Date | number, now: Date | number): boolean {
  return Number(createdAt) > Number(now) + AHEAD_MS;
}

/** In the order in which one is chosen: safety backups after all others, and what the clock is wrong of before them. */
export function inOrderOfUse<Made extends { readonly manifest?: Manifest; readonly createdAt: Date }>(
  backups: readonly Made[],
  now: Date,
): Made[] {
  const rank = (one: Made) => (isSafety(one) ? 2 : isFromFuture(one.createdAt, now) ? 1 : 0);
  return backups.toSorted((a, b) => rank(a) - rank(b));
}
