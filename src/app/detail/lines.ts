import { span } from '../../text/line.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import type { Overlay } from '../core/state.ts';
import { type ReadingText, sectionLines } from '../screen/reading.ts';
import { viewOf } from '../views/registry.ts';

/** Everything known of one row. */
export function detailReading(
  deck: Deck,
  overlay: Extract<Overlay, { kind: 'detail' }>,
  columns: number,
): ReadingText {
  const view = viewOf(overlay.view);
  const backend = view.backend?.(overlay.row);
  const own = view.detail(overlay.row, deck.model);
  // what the server says of a session holds the whole query: the row's shortened one would only repeat it
  const sections = backend
    ? overlay.extra
      ? [...overlay.extra.slice(0, 1), ...own.filter((s) => s.facts), ...overlay.extra.slice(1)]
      : own
    : [...own, ...(overlay.extra ?? [])];
  const state = overlay.gone
    ? span('  the session is gone; this is how it was last seen', 'warn')
    : span(backend && !overlay.extra ? '  asking the server' : '', 'muted');
  return {
    title: [span(` ${view.title}: details`, 'title'), state],
    lines: sectionLines(sections, columns, glyphsOf(deck).more),
  };
}
