import type { Entry } from '../../ops/registry.ts';
import type { Deck } from '../deck.ts';
import { focusedView } from '../select.ts';
import type { OpenOptions } from './flow.ts';

/** The rows that are marked on the screen, as an operation's form takes them. */
export function markedRows(deck: Deck, { takes }: Entry): OpenOptions {
  const view = focusedView(deck.state);
  const { taken } = view;
  if (taken === undefined || !takes?.includes(taken.field)) return {};
  const { marks } = deck.state.tables[view.id];
  const names = view
    .rows(deck.model)
    .filter((row) => marks.has(view.identity(row)))
    .map(taken.name);
  return names.length === 0 ? {} : { preset: { [taken.field]: names } };
}
