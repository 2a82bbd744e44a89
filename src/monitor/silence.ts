import { duration } from '../text/units.ts';
import type { LinkStatus } from './snapshot.ts';

/** Beyond any statement_timeout of ours: what has not answered by then does not answer. */
const FAST_MS = 15_000;
/** The same of a slow question, which the server itself ends after 20 s. */
const SLOW_MS = 35_000;

/** Whether questions that have been out for so long will not be answered any more. */
export function isHung(fastMs = 0, slowMs = 0): boolean {
  return fastMs > FAST_MS || slowMs > SLOW_MS;
}

/**
 * Why the server counts as away, in a sentence; undefined while it answers. One that hangs, or a network that swallows what is sent,
 * gives no error: it is told by its silence.
 */
export function awayOf(link: LinkStatus, fastMs = 0): string | undefined {
  if (link.state === 'away') return `Cannot connect: ${link.error.message}`;
  return fastMs > FAST_MS ? `The server has not answered for ${duration(fastMs / 1000)}.` : undefined;
}
