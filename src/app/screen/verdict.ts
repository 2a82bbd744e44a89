import { fitLine, type Line } from '../../text/line.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { keyFor } from '../core/keys.ts';
import { screenOf } from '../views/registry.ts';
import { ageSpans } from './freshness.ts';

/** What would help, under the names of the screens: one line where something is wrong on the open screen, else none. */
export function verdictLines(deck: Deck, columns: number): Line[] {
  const { dot, more } = glyphsOf(deck);
  // the action that opens what would help
  const own = deck.readOnly ? undefined : keyFor(deck, 'signal.options');
  const key = own === undefined ? {} : { key: own };
  return screenOf(deck.state.screen).panes.flatMap((view) => {
    const age = ageSpans(deck, view);
    const line = view.verdict?.(deck.model, { room: columns, dot, ...key }) ?? [];
    return line.length === 0 ? [] : [fitLine([...line, ...age], columns, more)];
  });
}
