import { fitLine, type Line, span } from '../../text/line.ts';
import { fit } from '../../text/width.ts';
import { keysOf } from '../actions/keys.ts';
import type { Deck } from '../deck.ts';
import { paletteMatches } from '../flows/palette.ts';
import { windowOf } from '../select.ts';
import type { AppState, Overlay } from '../state.ts';
import { fieldSpans } from '../text-field.ts';
import { marksOf } from './marks.ts';

/** Everything that can be done, by name. */
export function paletteLines(
  deck: Deck,
  overlay: Extract<Overlay, { kind: 'palette' }>,
  size: AppState['size'],
): Line[] {
  const matches = paletteMatches(deck, overlay.field.text);
  const at = Math.min(overlay.index, matches.length - 1);
  const { from, to } = windowOf(matches.length, at, size.rows - 2);
  const marks = marksOf(deck);
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
    ...(rows.length > 0 ? rows : [[span('   Nothing of that name. Esc goes back.', 'muted')]]),
  ];
  while (lines.length < size.rows) lines.push([]);
  return lines.slice(0, size.rows).map((line) => fitLine(line, size.columns, marks.more));
}

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
  return lines.slice(0, size.rows).map((line) => fitLine(line, size.columns, marksOf(deck).more));
}
