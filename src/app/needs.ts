import { tableExactPoll } from '../db/queries/relations.ts';
import type { Deck } from './core/deck.ts';
import { HEADER_POLLS } from './core/polls.ts';
import { tableOf } from './core/state.ts';
import type { Slot } from './core/store.ts';
import { activityScreen, activityView } from './views/activity.ts';
import { copiesOf } from './views/kept.ts';
import { screenOf } from './views/registry.ts';
import { cursorIndex, shownRows, windowOf } from './views/select.ts';
import { type TableRow, tablesView } from './views/tables.ts';

/** The tables whose exact sizes were asked for last. */
const ASKED_FOR: Slot<{ tables: string }> = { make: () => ({ tables: '' }) };

/** Tells the sampler what the screen needs now. */
export function tellNeeds(deck: Deck): void {
  const { state, sampler, model } = deck;
  const { panes } = screenOf(state.screen);
  const listed = state.screen === activityScreen.id;
  sampler.wants = {
    ...sampler.wants,
    idle: state.idle,
    idleSeconds: model.thresholds.idle_session_seconds,
    activityLimit: !listed
      ? Math.max(20, state.size.rows)
      : tableOf(state, activityView.id).filter === ''
        ? 200
        : 1000,
    shownTables: shownTables(deck),
    keptOids: copiesOf(deck.model.runs).map(({ oid }) => oid),
  };
  sampler.need([...HEADER_POLLS, ...panes.flatMap(({ polls }) => polls)]);
}

/** The tables whose rows are on the screen; sizes of others are not asked. */
function shownTables(deck: Deck): readonly number[] | undefined {
  const { state, model, sampler } = deck;
  const asked = deck.store.held(ASKED_FOR);
  if (!screenOf(state.screen).panes.includes(tablesView)) return undefined;
  const { rows } = shownRows(tablesView, model, state);
  if (rows.length === 0) return undefined;
  const { from, to } = windowOf(
    rows.length,
    cursorIndex(tablesView, rows, tableOf(state, tablesView.id)),
    deck.page,
  );
  const shown = (rows.slice(from, to) as TableRow[]).map((row) => row.oid);
  const known = new Set(model.rows(tableExactPoll).map((r) => r.oid));
  const missing = shown.filter((oid) => !known.has(oid)).join();
  // a paused screen stays as it is, also while somebody scrolls
  if (
    missing !== '' &&
    !sampler.paused &&
    model.part(tableExactPoll).status === 'ok' &&
    asked.tables !== missing
  )
    queueMicrotask(() => sampler.refresh([tableExactPoll]));
  asked.tables = missing;
  return shown;
}
