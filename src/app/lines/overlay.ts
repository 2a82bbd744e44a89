import type { Line } from '../../text/line.ts';
import type { Deck } from '../deck.ts';
import type { AppState } from '../state.ts';
import { leaveLines } from '../wizard/lines/leave.ts';
import { dialogLines } from './dialog.ts';
import { helpReading } from './help.ts';
import { paletteLines, questionLines } from './prompt.ts';
import { detailReading, explainReading, logReading, readingLines } from './reader.ts';

/** What lies over the panes, in exactly the given size; undefined when the panes themselves are to be seen. */
export function overlayLines(deck: Deck, size: AppState['size']): Line[] | undefined {
  const { overlay } = deck.state;
  switch (overlay?.kind) {
    case undefined:
    case 'filter':
    // drawn piece by piece: there are tables in it
    case 'wizard':
      return undefined;
    case 'leave':
      return leaveLines(deck, overlay.yes, size);
    case 'help':
      return readingLines(deck, helpReading(deck, size.columns), overlay.scroll, size);
    case 'log':
      return readingLines(deck, logReading(deck, size.columns), overlay.scroll, size);
    case 'detail':
      return readingLines(deck, detailReading(deck, overlay, size.columns), overlay.scroll, size);
    case 'explain':
      return readingLines(deck, explainReading(overlay, size.columns), overlay.scroll, size);
    case 'signal':
      return dialogLines(deck, overlay, size);
    case 'palette':
      return paletteLines(deck, overlay, size);
    case 'idle':
    case 'password':
      return questionLines(deck, overlay, size);
  }
}
