import type { Deck } from '../app/core/deck.ts';
import { frameOf, isTooSmall, shapeOf } from '../app/frame.ts';
import type { Paint } from './theme.ts';

/** From the cursor on. */
const ERASE_LINE = '\u001b[K';

/**
 * The screen as it is at start, cell for cell what Ink draws of the same state: loading Ink takes longer than all else
 * before the first frame. Empty where the terminal is too small for a screen. `over`: over one that is there already.
 */
export function firstFrame(deck: Deck, paint: Paint, over = false): string {
  if (isTooSmall(deck.state.size)) return '';
  let frame = '';
  let top = 0;
  for (const { height, content } of frameOf(shapeOf(deck))) {
    let left = 0;
    // nothing is open yet that has tables in it
    for (const { width, lines } of Array.isArray(content) ? content : []) {
      for (const [row, line] of lines(deck).entries())
        frame += `\u001b[${top + row + 1};${left + 1}H${over && left === 0 ? ERASE_LINE : ''}${paint(line).trimEnd()}`;
      // one column lies between two regions
      left += width + 1;
    }
    top += height;
  }
  return frame;
}
