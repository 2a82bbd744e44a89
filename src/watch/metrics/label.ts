import { createHash } from 'node:crypto';
import { cleanLine } from '../../text/clean.ts';
import { take } from '../../text/width.ts';

/** Names of PostgreSQL have up to 63 bytes; what clients call themselves is theirs to choose. */
const CELLS = 120;

/**
 * Text from the server as the value of a label: one line that a terminal may show. One that had to be changed gets a mark
 * of its own, so that two that look alike stay two series, and each the same in every scrape.
 */
export function label(text: string | number | null | undefined): string {
  const raw = String(text ?? '');
  const clean = take(cleanLine(raw), CELLS);
  return clean === raw ? raw : `${clean} #${createHash('sha256').update(raw).digest('hex').slice(0, 8)}`;
}
