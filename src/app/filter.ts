import { action } from './core/action.ts';
import type { Action, Deck } from './core/deck.ts';
import { tableOf } from './core/state.ts';
import { fieldOf } from './core/text-field.ts';
import { focusedView } from './views/select.ts';

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
