import type { Line } from '../../text/line.ts';
import type { Deck } from '../core/deck.ts';

/** What would help where somebody waits: one line, or none. */
export function verdictLines(_deck: Deck, _columns: number): readonly Line[] {
  return [];
}
