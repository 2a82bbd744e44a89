import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Enough for two frames of the console, or a few thousand rows: their garbage is collected once or twice. */
const ENOUGH_BYTES = 8_000_000;
/** Versions of V8 that are known to have the flag; others would complain on stderr. */
const KNOWN_V8 = /^1[234]\./;

/**
 * Keeps the space for short-lived objects from growing beyond what frames and rows need. V8 doubles it, up to 134 MB where
 * there is much memory (Node 24), which makes nothing faster; too small a space would cost CPU time. Call it now and then; true once
 * there is nothing left to do.
 */
export function boundYoungSpace(): boolean {
  if (!KNOWN_V8.test(process.versions.v8)) return true;
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  if (young === undefined) return true;
  if (young.space_size < ENOUGH_BYTES) return false;
  setFlagsFromString('--semi-space-growth-factor=1');
  return true;
}
