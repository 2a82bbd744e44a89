import { GRAMMAR } from '../../text/filter/filter.ts';
import { fitLine, type Line, span } from '../../text/line.ts';
import { fit, wrap } from '../../text/width.ts';
import type { Deck, KeyScope } from '../core/deck.ts';
import { glyphsOf } from '../core/glyphs.ts';
import { keyOr, keysOf } from '../core/keys.ts';
import { fieldsText, KINDS_TEXT } from '../views/fields.ts';
import { focusedView } from '../views/select.ts';
import type { ReadingText } from './reading.ts';

type Group = readonly [title: string, scopes: readonly KeyScope[]];

/** How rows are looked for, and by what on the view that keys go to. */
function filterLines(deck: Deck, columns: number): Line[] {
  const { more } = glyphsOf(deck);
  const view = focusedView(deck.state);
  const fields = wrap(`${view.title}: ${fieldsText(view)}`, Math.max(20, columns - 3));
  return [
    [span(` In a filter (${keyOr(deck, 'find.filter')}), all of`, 'accent')],
    ...GRAMMAR.map(
      ([typed, meaning]): Line => [span(`  ${fit(typed, 15, 'left', more)} `, 'key'), span(meaning)],
    ),
    ...fields.map((text): Line => [span(`  ${text}`)]),
    [span(`  ${KINDS_TEXT}`, 'muted')],
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
  const left = LEFT.flatMap((group) => groupLines(deck, ...group));
  const right = [...RIGHT.flatMap((group) => groupLines(deck, ...group)), ...legend()];
  const filters = filterLines(deck, columns);
  return {
    title: [
      span(' Help', 'title'),
      span(`  every key; ${keyOr(deck, 'run.palette')} opens the same by name`, 'muted'),
    ],
    lines:
      columns < TWO_COLUMNS
        ? [...left, ...filters, ...right]
        : [...sideBySide(left, right, columns, glyphsOf(deck).more), [], ...filters],
  };
}

function groupLines(deck: Deck, title: string, scopes: readonly KeyScope[]): Line[] {
  const { more } = glyphsOf(deck);
  const actions = deck.actions.filter((a) => scopes.includes(a.scope) && a.keys.length > 0);
  return [
    [span(` ${title}`, 'accent')],
    ...actions.map((a): Line => {
      const reason = a.danger && deck.readOnly ? 'absent: read-only' : undefined;
      return [
        span(`  ${fit(keysOf(a, deck.ascii), 15, 'left', more)} `, 'key'),
        span(a.title),
        ...(reason ? [span(`  (${reason})`, 'muted')] : []),
      ];
    }),
    [],
  ];
}

function legend(): Line[] {
  return [
    [span(' Colours and marks', 'accent')],
    [
      span('  ! warning', 'warn'),
      span('   !! alert', 'alert'),
      span('   !!! critical', 'critical'),
      span('   ~ estimated   - not known'),
    ],
  ];
}

function sideBySide(left: readonly Line[], right: readonly Line[], columns: number, more: string): Line[] {
  const half = Math.floor(columns * 0.45);
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) => [
    ...fitLine(left[i] ?? [], half, more),
    ...(right[i] ?? []),
  ]);
}
