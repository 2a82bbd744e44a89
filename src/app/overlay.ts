import type { Line } from '../text/line.ts';
import { commandLines } from './commands/lines.ts';
import type { Deck } from './core/deck.ts';
import { glyphsOf } from './core/glyphs.ts';
import type { AppState } from './core/state.ts';
import { detailReading } from './detail/lines.ts';
import { explainReading } from './explain/lines.ts';
import { paletteLines } from './palette/lines.ts';
import { helpReading } from './screen/help.ts';
import { logReading } from './screen/log.ts';
import { questionLines } from './screen/prompt.ts';
import { readingLines } from './screen/reading.ts';
import { serverLines } from './servers/lines.ts';
import { dialogLines } from './signal/lines.ts';
import { sortLines } from './sort.ts';
import { leaveLines } from './wizard/lines/leave.ts';

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
      return readingLines(
        deck,
        explainReading(deck, overlay, size.columns, glyphsOf(deck).more),
        overlay.scroll,
        size,
      );
    case 'signal':
      return dialogLines(deck, overlay, size);
    case 'palette':
      return paletteLines(deck, overlay, size);
    case 'commands':
      return commandLines(deck, overlay, size);
    case 'sort':
      return sortLines(deck, overlay, size);
    case 'servers':
      return serverLines(deck, overlay, size);
    case 'arm':
    case 'idle':
    case 'password':
      return questionLines(deck, overlay, size);
  }
}
