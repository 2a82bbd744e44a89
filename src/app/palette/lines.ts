import { fitLine, type Line, span } from '../../text/line.ts';
import { fit } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { keyOr, keysOf } from '../core/keys.ts';
import type { AppState, Overlay } from '../core/state.ts';
import { fieldSpans } from '../core/text-field.ts';
import { windowOf } from '../views/select.ts';
import { paletteMatches } from './palette.ts';

/** Everything that can be done, by name. */
export function paletteLines(
  deck: Deck,
  overlay: Extract<Overlay, { kind: 'palette' }>,
  size: AppState['size'],
): Line[] {
  const matches = paletteMatches(deck, overlay.field.text);
  const at = Math.min(overlay.index, matches.length - 1);
  const { from, to } = windowOf(matches.length, at, size.rows - 2);
  const marks = glyphsOf(deck);
  const rows = matches.slice(from, to).map((action, i): Line => {
    const reason = action.disabled?.(deck);
    const chosen = from + i === at;
    const text = ` ${chosen ? marks.cursor : ' '} ${fit(action.title, 48, 'left', marks.more)} ${fit(keysOf(action, deck.ascii), 12, 'left', marks.more)}`;
    return [
      span(text, chosen ? 'selected' : reason ? 'muted' : undefined),
      span(reason ? ` ${reason}` : '', 'muted'),
    ];
  });
  const lines: Line[] = [
    fieldSpans(' : ', overlay.field, size.columns),
    ...(rows.length > 0
      ? rows
      : [[span(`   Nothing of that name. ${keyOr(deck, 'field.escape')} goes back.`, 'muted')]]),
  ];
  while (lines.length < size.rows) lines.push([]);
  return lines.slice(0, size.rows).map((line) => fitLine(line, size.columns, marks.more));
}
