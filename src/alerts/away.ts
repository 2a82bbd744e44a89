import type { Sampler } from '../monitor/sampler.ts';
import { duration } from '../text/units.ts';

/** Beyond any timeout that its questions have on the server. */
const STILL_MS = 15_000;

/**
 * Why nothing is known of the server as it is now, in one sentence; undefined while it answers. One that hangs keeps its
 * connections: nothing breaks, and no answer comes.
 */
export function awayReason({
  link,
  stalledFor = 0,
}: Pick<Sampler, 'link' | 'stalledFor'>): string | undefined {
  if (link.state === 'away') return `Cannot connect: ${link.error.message}`;
  return stalledFor > STILL_MS
    ? `The server has not answered for ${duration(stalledFor / 1000)}.`
    : undefined;
}
