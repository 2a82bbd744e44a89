import { action } from './core/action.ts';
import type { Action, Deck } from './core/deck.ts';
import { tableOf } from './core/state.ts';
import { fieldOf } from './core/text-field.ts';
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
  'Filter (!word leaves out)',
  filter,
  { hint: 4, short: 'filter' },
);

/** Filters a view. Keys are then about what was looked for, and not about what stands above it in a tree. */
export function filterBy(deck: Deck, id: string, text: string): void {
  deck.table(id, { filter: text });
  const view = viewOf(id);
  const { rows, hits } = shownRows(view, deck.model, deck.state);
  const cursor = rows[cursorIndex(view, rows, tableOf(deck.state, id))];
  const [first] = hits ?? [];
  if (first !== undefined && !hits?.includes(cursor))
    deck.table(id, { index: rows.indexOf(first), selected: view.identity(first) });
}
