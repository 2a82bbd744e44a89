import { unexplainable } from '../../db/explain.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import type { Question } from '../core/question.ts';
import { focusedView, selectedRow } from '../views/select.ts';
import { confirmExplain, explainRow } from './explain.ts';

function explainDisabled(deck: Deck): string | undefined {
  const row = selectedRow(deck.model, deck.state);
  const view = focusedView(deck.state);
  const { server } = deck.sampler;
  const query = row === undefined ? undefined : view.query?.(row);
  if (!query) return 'the row has no query';
  if (!server || !deck.sampler.control) return 'there is no connection';
  const database = view.database?.(row, deck.model);
  if (database && database !== server.database)
    return `it runs in ${database}, and this console is connected to ${server.database}`;
  return unexplainable(query);
}

export const EXPLAIN_ACTION: Action = action(
  'row.explain',
  'row',
  'e',
  'Explain the query (the plan; it is not run)',
  explainRow,
  {
    hint: 10,
    short: 'explain',
    disabled: explainDisabled,
  },
);

/** Whether to plan although functions of others may run. */
export function explainQuestion(deck: Deck): Question | undefined {
  const { overlay } = deck.state;
  if (overlay?.kind !== 'explain' || !overlay.risk) return undefined;
  const { risk } = overlay;
  return {
    yes: risk.yes,
    show: (yes) => deck.open({ ...overlay, risk: { ...risk, yes } }),
    accept: () => confirmExplain(deck),
    refuse: () => deck.open(undefined),
  };
}
