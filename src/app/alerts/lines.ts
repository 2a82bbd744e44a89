import { cleanLine } from '../../text/clean.ts';
import { fitLine, type Line, lineWidth, span } from '../../text/line.ts';
import { clip } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { keyOr } from '../core/keys.ts';
import { LEVEL_TONE, marked, SEVERITY_LEVEL } from '../core/model.ts';
import { toldAlerts } from './told.ts';

/** The worst alert, how many others stand, and the key of the screen that has them all. */
export function alertLine(deck: Deck, columns: number): Line {
  const [worst, ...others] = toldAlerts(deck.state);
  if (worst === undefined) return [];
  const { more } = glyphsOf(deck);
  const level = SEVERITY_LEVEL[worst.severity];
  const key = keyOr(deck, 'screen.health');
  const rest = span(others.length === 0 ? `  (${key})` : `  and ${others.length} more (${key})`, 'muted');
  const title = cleanLine(worst.title);
  // what is said of it is how it was when it was last seen; in the place of the marks are blanks
  const text = worst.calm ? `  Over, if it stays so: ${title}` : marked(level, title);
  const tone = worst.calm ? 'muted' : LEVEL_TONE[level];
  return fitLine([span(clip(text, columns - lineWidth([rest]), more), tone), rest], columns, more);
}
