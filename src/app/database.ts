import { activityPoll } from '../db/queries/activity.ts';
import { action } from './core/action.ts';
import type { Action, Deck } from './core/deck.ts';
import { focusedView, selectedRow } from './views/select.ts';

/** That of the row under the cursor, else the one that is connected to; again: all of them. */
function toggleDatabase(deck: Deck): void {
  const { state, model } = deck;
  const view = focusedView(state);
  const row = selectedRow(model, state);
  const own = row === undefined ? undefined : view.database?.(row, model);
  const database = state.database === undefined ? (own ?? model.server?.database) : undefined;
  deck.store.set({ database });
  deck.tellNeeds();
  deck.sampler.refresh([activityPoll]);
  deck.say(
    database === undefined
      ? 'All databases are listed.'
      : `Only what belongs to database ${database} is listed.`,
  );
}

export const DATABASE_ACTION: Action = action(
  'find.database',
  'table',
  'O',
  'Only one database, or all',
  toggleDatabase,
);
