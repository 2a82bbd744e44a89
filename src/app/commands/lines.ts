import { place } from '../../db/errors.ts';
import { cleanBlock, cleanLine } from '../../text/clean.ts';
import { fitLine, type Line, span, type Tone } from '../../text/line.ts';
import { plural } from '../../text/units.ts';
import { fit, wrap } from '../../text/width.ts';
import type { Deck } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { keyFor } from '../core/keys.ts';
import type { AppState, Overlay, Sent } from '../core/state.ts';
import { windowOf } from '../views/select.ts';
import { whenText } from '../views/when.ts';

/** Lines that the whole of a statement gets below the list at most. */
const WHOLE = 8;

/** What pgdeck has sent, the newest first, and below it the whole of the one under the cursor. */
export function commandLines(
  deck: Deck,
  { entries, index }: Extract<Overlay, { kind: 'commands' }>,
  { columns, rows }: AppState['size'],
): Line[] {
  const { more, rule } = glyphsOf(deck);
  const key = keyFor(deck, 'help.log') ?? ':messages';
  const title = [span(' Sent', 'title'), span(`  ${told(entries)}; ${key} shows the messages`, 'muted')];
  const sent = entries?.[index];
  const whole = sent === undefined ? [] : wholeLines(sent, columns);
  const below = Math.min(whole.length, WHOLE, Math.max(0, rows - 4));
  const room = Math.max(1, rows - 1 - (below > 0 ? below + 1 : 0));
  const { from, to } = windowOf(entries?.length ?? 0, index, room);
  const list = (entries ?? []).slice(from, to).map((one, i) => rowLine(deck, one, from + i === index));
  while (list.length < room) list.push([]);
  const lines = [
    title,
    ...list,
    ...(below > 0 ? [[span(rule.repeat(columns), 'muted')], ...whole.slice(0, below)] : []),
  ];
  return lines.slice(0, rows).map((line) => fitLine(line, columns, more));
}

function told(entries: readonly Sent[] | undefined): string {
  if (entries === undefined) return 'being read from the journal';
  if (entries.length === 0) return 'nothing that changes a server was sent yet';
  return `${plural(entries.length, 'statement or command', 'statements and commands')} that changed something`;
}

const TONES: Readonly<Record<'done' | 'failed' | 'no end' | 'undone', Tone | undefined>> = {
  done: undefined,
  failed: 'alert',
  'no end': 'warn',
  undone: 'muted',
};

function rowLine(deck: Deck, sent: Sent, here: boolean): Line {
  const { cursor, more } = glyphsOf(deck);
  const fate = sent.undone ? 'undone' : sent.ok === null ? 'no end' : sent.ok ? 'done' : 'failed';
  const elsewhere = sent.server === place(deck.given.target) ? '' : ` on ${cleanLine(sent.server)}`;
  const line: Line = [
    span(`${here ? cursor : ' '} ${whenText(sent.at)} `),
    span(`${fit(fate, 7)} `, TONES[fate]),
    span(`${fit(cleanLine(sent.operation), 12, 'left', more)} `, 'muted'),
    span(cleanLine(sent.title)),
    span(elsewhere, 'muted'),
  ];
  return here ? line.map((piece) => ({ ...piece, chosen: true })) : line;
}

function wholeLines({ text, run }: Sent, columns: number): Line[] {
  return [
    [span(' As it was sent', 'accent'), span(`  run ${cleanLine(run)}`, 'muted')],
    ...wrap(cleanBlock(text), Math.max(10, columns - 3)).map((line): Line => [span(`  ${line}`)]),
  ];
}
