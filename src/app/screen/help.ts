import { GRAMMAR } from '../../text/filter/filter.ts';
import { fitLine, type Line, lineWidth, type Span, span, type Tone } from '../../text/line.ts';
import { fit, width, wrap } from '../../text/width.ts';
import type { Deck, KeyScope } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { keyOr, keysOf } from '../core/keys.ts';
import { fieldsText, KINDS_TEXT } from '../views/fields.ts';
import { focusedView } from '../views/select.ts';
import type { ReadingText } from './reading.ts';

type Group = readonly [title: string, scopes: readonly KeyScope[]];

/** Cells of what is pressed or typed, before what it does. */
const KEYS = 15;

/** What is pressed, and beside it what that does; both go on below where the room is short. */
function entryLines(keys: string, text: string, note: string, columns: number): Line[] {
  const room = Math.max(10, columns - KEYS - 4);
  const pressed = wrap(keys, KEYS);
  const told = wrap(text, room).map((part): Span[] => [span(part)]);
  const beside = told.at(-1);
  if (note !== '' && beside && lineWidth(beside) + 2 + width(note) <= room)
    beside.push(span(`  ${note}`, 'muted'));
  else if (note !== '') told.push([span(note, 'muted')]);
  return Array.from({ length: Math.max(pressed.length, told.length) }, (_, i) => [
    span(`  ${fit(pressed[i] ?? '', KEYS)} `, 'key'),
    ...(told[i] ?? []),
  ]);
}

/** How rows are looked for, and by what on the view that keys go to. */
function filterLines(deck: Deck, columns: number): Line[] {
  const view = focusedView(deck.state);
  const whole = (text: string, tone?: Tone) =>
    wrap(text, Math.max(20, columns - 3)).map((part): Line => [span(`  ${part}`, tone)]);
  return [
    [span(` In a filter (${keyOr(deck, 'find.filter')}), all of`, 'accent')],
    ...GRAMMAR.flatMap(([typed, meaning]) => entryLines(typed, meaning, '', columns)),
    ...whole(`${view.title}: ${fieldsText(view)}`),
    ...whole(KINDS_TEXT, 'muted'),
    [],
  ];
}

const LEFT: readonly Group[] = [
  ['Everywhere', ['screen', 'quit', 'always']],
  ['While typing', ['field', 'palette']],
  ['In the form of an operation', ['form']],
];
const RIGHT: readonly Group[] = [
  ['Rows', ['table', 'row']],
  ['In help, details, messages, plans', ['reader', 'close']],
  ['In a question', ['dialog']],
  ['In what was sent', ['commands']],
  ['In the columns to sort by', ['picker']],
  ['In the plan of an operation', ['plan']],
  ['While it runs', ['progress']],
  ['In its result', ['result']],
];

/** From this width on, the groups stand in two columns. */
const TWO_COLUMNS = 100;

/** Every key there is, as the action table has it; those that cannot be used now say why. */
export function helpReading(deck: Deck, columns: number): ReadingText {
  const half = columns < TWO_COLUMNS ? columns : Math.floor(columns / 2);
  const left = LEFT.flatMap((group) => groupLines(deck, group, half));
  const right = [
    ...RIGHT.flatMap((group) => groupLines(deck, group, columns < TWO_COLUMNS ? columns : columns - half)),
    ...legend(),
  ];
  const filters = filterLines(deck, columns);
  return {
    title: [
      span(' Help', 'title'),
      span(`  every key; ${keyOr(deck, 'run.palette')} opens the same by name`, 'muted'),
    ],
    lines:
      columns < TWO_COLUMNS
        ? [...left, ...filters, ...right]
        : [...sideBySide(left, right, half, glyphsOf(deck).more), [], ...filters],
  };
}

function groupLines(deck: Deck, [title, scopes]: Group, columns: number): Line[] {
  const actions = deck.actions.filter((a) => scopes.includes(a.scope) && a.keys.length > 0);
  return [
    [span(` ${title}`, 'accent')],
    ...actions.flatMap((a) =>
      entryLines(
        keysOf(a, deck.ascii),
        a.title,
        a.danger && deck.readOnly ? '(absent: read-only)' : '',
        columns,
      ),
    ),
    [],
  ];
}

function legend(): Line[] {
  return [
    [span(' Colours and marks', 'accent')],
    [span('  ! warning', 'warn'), span('   !! alert', 'alert'), span('   !!! critical', 'critical')],
    [span('  ~ estimated   - not known')],
  ];
}

function sideBySide(left: readonly Line[], right: readonly Line[], half: number, more: string): Line[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => [
    ...fitLine(left[i] ?? [], half, more),
    ...(right[i] ?? []),
  ]);
}
