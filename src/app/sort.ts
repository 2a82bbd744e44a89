import { fitLine, type Line, span } from '../text/line.ts';
import { fit } from '../text/width.ts';
import { action } from './core/action.ts';
import type { Action, Deck } from './core/deck.ts';
import { glyphsOf } from './core/glyphs.ts';
import { keyOr } from './core/keys.ts';
import type { Sort } from './core/rows.ts';
import { type AppState, type Overlay, tableOf } from './core/state.ts';
import { viewOf } from './views/registry.ts';
import { focusedView, windowOf } from './views/select.ts';
import { sortable, sortBy } from './views/sort.ts';

type Picker = Extract<Overlay, { kind: 'sort' }>;

const noOrder = (deck: Deck) => focusedView(deck.state).ordered;

/** The columns to sort by, with the one that holds under the cursor. */
function pick(deck: Deck): void {
  const view = focusedView(deck.state);
  const { sort } = tableOf(deck.state, view.id);
  const at = sortable(view).findIndex(({ id }) => id === sort.column);
  deck.open({ kind: 'sort', view: view.id, index: Math.max(0, at) });
}

function reverse(deck: Deck): void {
  const { id } = focusedView(deck.state);
  const { sort } = tableOf(deck.state, id);
  deck.table(id, { sort: { ...sort, descending: !sort.descending } });
}

function move(deck: Deck, by: 1 | -1): void {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'sort') return;
  const { length } = sortable(viewOf(overlay.view));
  deck.open({ ...overlay, index: (overlay.index + by + length) % length });
}

/** Sorts by the column under the cursor; by the one that holds, the other way round. */
function choose(deck: Deck): void {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'sort') return;
  const sort = chosen(deck, overlay);
  deck.open(undefined);
  if (sort) deck.table(overlay.view, { sort });
}

function chosen({ state }: Deck, { view: id, index }: Picker): Sort | undefined {
  const view = viewOf(id);
  const column = sortable(view)[index];
  if (column === undefined) return undefined;
  const { sort } = tableOf(state, id);
  return column.id === sort.column ? { ...sort, descending: !sort.descending } : sortBy(view, column.id);
}

/** How rows are ordered. */
export const SORT_ACTIONS: readonly Action[] = [
  action('find.sort', 'table', 's', 'Sort by a column', pick, { hint: 5, short: 'sort', disabled: noOrder }),
  action('find.reverse', 'table', 'S', 'Reverse the order', reverse, { disabled: noOrder }),
];

/** While the columns are shown. */
export const PICKER_ACTIONS: readonly Action[] = [
  action('picker.down', 'picker', 'down j s tab', 'Next', (d) => move(d, 1), { hint: 2, short: 'next' }),
  action('picker.up', 'picker', 'up k backtab', 'Previous', (d) => move(d, -1)),
  action('picker.choose', 'picker', 'enter', 'Sort by it, or the other way round', choose, {
    hint: 1,
    short: 'sort',
  }),
  action('picker.close', 'picker', 'esc q', 'Leave the order as it is', (d) => d.open(undefined), {
    hint: 3,
    short: 'back',
  }),
];

/** The columns of a view, and what Enter would do with the one under the cursor. */
export function sortLines(deck: Deck, overlay: Picker, size: AppState['size']): Line[] {
  const view = viewOf(overlay.view);
  const { sort } = tableOf(deck.state, view.id);
  const marks = glyphsOf(deck);
  const columns = sortable(view);
  const then = chosen(deck, overlay);
  const { from, to } = windowOf(columns.length, overlay.index, size.rows - 2);
  const arrow = ({ descending }: Sort) => (descending ? marks.down : marks.up);
  const rows = columns.slice(from, to).map(({ id, title }, i): Line => {
    const here = from + i === overlay.index;
    const held = id === sort.column ? arrow(sort) : ' ';
    return [
      span(` ${here ? marks.cursor : ' '} ${held} ${fit(title, 16)} `, here ? 'selected' : undefined),
      span(` ${fit(id, 14)}`, 'muted'),
      ...(here && then
        ? [
            span(
              ` ${keyOr(deck, 'picker.choose')}: ${arrow(then)} ${then.descending ? 'falling' : 'rising'}`,
              'muted',
            ),
          ]
        : []),
    ];
  });
  const lines: Line[] = [[span(` Sort ${view.title} by`, 'title')], [], ...rows];
  while (lines.length < size.rows) lines.push([]);
  return lines.slice(0, size.rows).map((line) => fitLine(line, size.columns, marks.more));
}
