import { cleanLine } from '../../text/clean.ts';
import { fitLine, type Line, span } from '../../text/line.ts';
import { fit, width, wrap } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { keyOr } from '../core/keys.ts';
import type { ServerChoice } from '../core/servers.ts';
import type { AppState, Overlay } from '../core/state.ts';
import { fieldSpans } from '../core/text-field.ts';
import { windowOf } from '../views/select.ts';
import { isWatched, serversNamed } from './switch.ts';

const NAMES = { least: 8, most: 30 };

/** The servers that can be changed to, and what became of an attempt. */
export function serverLines(
  deck: Deck,
  overlay: Extract<Overlay, { kind: 'servers' }>,
  size: AppState['size'],
): Line[] {
  const { choices, field, index, coming } = overlay;
  const found = serversNamed(choices, field.text);
  const back = keyOr(deck, 'field.escape');
  const said = saying(overlay, back, size.columns);
  const at = Math.min(index, found.length - 1);
  const { from, to } = windowOf(found.length, at, size.rows - 2 - said.length);
  const marks = glyphsOf(deck);
  const longest = Math.max(NAMES.least, ...choices.map(({ name }) => width(cleanLine(name))));
  const room = Math.min(NAMES.most, longest);
  const rows = found.slice(from, to).map((choice, i): Line => {
    const chosen = from + i === at;
    const tone = chosen ? 'selected' : choice.problem === undefined ? undefined : 'muted';
    const name = fit(cleanLine(choice.name), room, 'left', marks.more);
    return [
      span(` ${chosen ? marks.cursor : ' '} ${name}  `, tone),
      ...(choice.environment === 'production' ? [span('PRODUCTION', 'production'), span(' ')] : []),
      span(choice.problem ?? cleanLine(choice.place), choice.problem === undefined ? undefined : 'warn'),
      span(standing(deck, choice, coming), 'muted'),
    ];
  });
  const lines: Line[] = [
    fieldSpans(' Server: ', field, size.columns),
    ...(rows.length > 0 ? rows : [[span(`   No server of that name. ${back} goes back.`, 'muted')] as Line]),
    [],
    ...said,
  ];
  while (lines.length < size.rows) lines.push([]);
  return lines.slice(0, size.rows).map((line) => fitLine(line, size.columns, marks.more));
}

function standing(deck: Deck, choice: ServerChoice, coming: string | undefined): string {
  if (isWatched(deck, choice)) return '  watched now';
  if (choice.name === coming) return '  connecting';
  return choice.given ? '  from the command line' : '';
}

function saying(
  { choices, coming, problem }: Extract<Overlay, { kind: 'servers' }>,
  back: string,
  columns: number,
): Line[] {
  const told = (text: string, tone: 'alert' | 'muted') =>
    wrap(cleanLine(text), columns - 2).map((part): Line => [span(` ${part}`, tone)]);
  if (coming !== undefined) return told(`Connecting to ${coming}. ${back} stays where you are.`, 'muted');
  if (problem !== undefined) return told(problem, 'alert');
  return choices.length > 1
    ? []
    : told('Another one is added with pgdeck profile add NAME -h HOST -d DATABASE.', 'muted');
}
