import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Enough for two frames of the console, or a few thousand rows: their garbage is collected once or twice. */
const ENOUGH_BYTES = 8_000_000;
/** Versions of V8 that are known to have the flag; others would complain on stderr. */
const KNOWN_V8 = /^1[234]\./;

/**
 * Keeps the space for short-lived objects from growing beyond what frames and rows need. V8 doubles it, up to 134 MB where
 * there is much memory (Node 24), which makes nothing faster; too small a space would cost CPU time. Call it now and then;
 * true where it is large enough. What allocates little for minutes goes on with that: V8 then shrinks the space to a
 * megabyte, where each refresh is collected two or three times, until it may grow again.
 */
export function boundYoungSpace(): boolean {
  if (!KNOWN_V8.test(process.versions.v8)) return true;
  const young = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
  if (young === undefined) return true;
  const enough = young.space_size >= ENOUGH_BYTES;
  setFlagsFromString(`--semi-space-growth-factor=${enough ? 1 : 2}`);
  return enough;
}
