import { cleanLine } from '../../text/clean.ts';
import { fitLine, type Line, lineWidth, span } from '../../text/line.ts';
import { clip } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { LEVEL_TONE, marked, SEVERITY_LEVEL } from '../core/model.ts';
import { toldAlerts } from './told.ts';

/** The worst alert, how many others stand, and the key of the screen that has them all. */
export function alertLine(deck: Deck, columns: number): Line {
  const [worst, ...others] = toldAlerts(deck.state);
  if (worst === undefined) return [];
  const { more } = glyphsOf(deck);
  const level = SEVERITY_LEVEL[worst.severity];
  const rest = span(others.length === 0 ? '  (9)' : `  and ${others.length} more (9)`, 'muted');
  const text = clip(marked(level, cleanLine(worst.title)), columns - lineWidth([rest]), more);
  return fitLine([span(text, LEVEL_TONE[level]), rest], columns, more);
}
