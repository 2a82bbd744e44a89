import { fitLine, type Line, span } from '../../text/line.ts';
import { characters, fit, width } from '../../text/width.ts';
import { keysOf } from '../actions/keys.ts';
import type { Deck } from '../deck.ts';
import { paletteMatches } from '../flows/palette.ts';
import { windowOf } from '../select.ts';
import type { AppState, Overlay } from '../state.ts';
import type { TextField } from '../text-field.ts';
import { marksOf } from './marks.ts';

/** A text field with its cursor as a cell of its own; the beginning gives way when it is too long. */
export function fieldSpans(label: string, field: TextField, columns: number, masked = false): Line {
  const all = characters(masked ? '*'.repeat(characters(field.text).length) : field.text);
  let before = all.slice(0, field.cursor);
  const room = Math.max(4, columns - width(label) - 2);
  while (width(before.join('')) > room) before = before.slice(1);
  return [
    span(label, 'accent'),
    span(before.join('')),
    span(all[field.cursor] ?? ' ', 'selected'),
    span(all.slice(field.cursor + 1).join('')),
  ];
}

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
    fieldSpans(idle ? ' minutes (or 90s, 2h): ' : ' Password: ', overlay.field, size.columns, !idle),
    idle
      ? overlay.problem
        ? [span(` ${overlay.problem}`, 'alert')]
        : [span(' Enter lists them first; nothing is sent yet. Idle in transaction is not idle.', 'muted')]
      : [span(' It is kept in memory only, for reconnecting. Esc gives up.', 'muted')],
  ];
  while (lines.length < size.rows) lines.push([]);
  return lines.slice(0, size.rows).map((line) => fitLine(line, size.columns, marksOf(deck).more));
}
