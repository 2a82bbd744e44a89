import { action } from './core/action.ts';
import type { Action, Deck } from './core/deck.ts';
import { tableOf } from './core/state.ts';
import { fieldOf } from './core/text-field.ts';
import { filterOf } from './views/fields.ts';
import { viewOf } from './views/registry.ts';
import { cursorIndex, focusedView, shownRows } from './views/select.ts';

function filter(deck: Deck): void {
  const { id } = focusedView(deck.state);
  const before = tableOf(deck.state, id).filter;
  deck.open({ kind: 'filter', view: id, field: fieldOf(before), before });
}

export const FILTER_ACTION: Action = action(
  'find.filter',
  'table',
  '/',
  'Filter: user:app age>30s !word "a b" /x/',
  filter,
  { hint: 4, short: 'filter' },
);

/**
 * Filters a view by what is typed. While that is wrong, it says what is, and the rows are those of all before it. Keys are then
 * about what was looked for, and not about what stands above it in a tree.
 */
export function filterBy(deck: Deck, id: string, text: string): void {
  const view = viewOf(id);
  const found = filterOf(view, text, deck.model);
  const { overlay } = deck.state;
  if (overlay?.kind === 'filter') {
    const { fault: _, ...typed } = overlay;
    deck.open('fault' in found ? { ...typed, fault: found.fault } : typed);
  }
  deck.table(id, { filter: 'fault' in found ? text.slice(0, found.fault.term).trimEnd() : text });
  const { rows, hits } = shownRows(view, deck.model, deck.state);
  const cursor = rows[cursorIndex(view, rows, tableOf(deck.state, id))];
  const [first] = hits ?? [];
  if (first !== undefined && !hits?.includes(cursor))
    deck.table(id, { index: rows.indexOf(first), selected: view.identity(first) });
}
