import { fitLine, type Line, span } from '../../text/line.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import type { AppState, Overlay } from '../core/state.ts';
import { fieldSpans } from '../core/text-field.ts';

/** A question with a text field below it. */
export function questionLines(
  deck: Deck,
  overlay: Extract<Overlay, { kind: 'idle' | 'password' }>,
  size: AppState['size'],
): Line[] {
  const idle = overlay.kind === 'idle';
  const lines: Line[] = [
    [],
    [
      span(
        idle ? ' Terminate every session that has been idle for longer than' : ` ${overlay.question}`,
        'title',
      ),
    ],
    fieldSpans(idle ? ' (90s, 10m, 2h): ' : ' Password: ', overlay.field, size.columns, !idle),
    idle
      ? overlay.problem
        ? [span(` ${overlay.problem}`, 'alert')]
        : [span(' Enter lists them first; nothing is sent yet. Idle in transaction is not idle.', 'muted')]
      : [span(' It is kept in memory only, for reconnecting. Esc gives up.', 'muted')],
  ];
  while (lines.length < size.rows) lines.push([]);
  return lines.slice(0, size.rows).map((line) => fitLine(line, size.columns, glyphsOf(deck).more));
}
