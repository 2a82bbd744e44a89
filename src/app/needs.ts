import { summaryPoll } from '../db/queries/activity.ts';
import { tableExactPoll } from '../db/queries/relations.ts';
import { CHECKS, pollsOf } from '../health/registry.ts';
import type { Deck } from './core/deck.ts';
import { HEADER_POLLS } from './core/polls.ts';
import { tableOf } from './core/state.ts';
import type { Slot } from './core/store.ts';
import { placePanes, rowsIn } from './screen/panes.ts';
import { activityScreen, activityView } from './views/activity.ts';
import { copiesOf } from './views/kept.ts';
import { panesOf } from './views/registry.ts';
import { cursorIndex, focusedPane, shownRows, windowOf } from './views/select.ts';
import type { TableRow } from './views/table-rows.ts';
import { tablesView } from './views/tables.ts';

/** What the score is made of is read whatever is on the screen: the header has it. */
const HEALTH_POLLS = pollsOf(CHECKS);

/** Sessions that are searched at most, and those that wait for locks and are read beside the others. */
const MANY = 1000;
/** Sessions that are read beyond the one under the cursor. */
const AHEAD = 100;
/** Sizes are asked of so many tables at least: a pane that grows a little does not ask anew. */
const LEAST_SIZED = 12;

/** The tables whose exact sizes were asked for last. */
const ASKED_FOR: Slot<{ tables: string }> = { make: () => ({ tables: '' }) };

/** Tells the sampler what the screen needs now. */
export function tellNeeds(deck: Deck): void {
  const { state, sampler, model } = deck;
  // of a zoomed pane too: going back shows what is, not what was
  const { main, side } = panesOf(state);
  const panes = [...main, ...side];
  sampler.wants = {
    ...sampler.wants,
    idle: state.idle,
    idleSeconds: model.thresholds.idle_session_seconds,
    activityLimit: activityLimit(deck),
    shownTables: shownTables(deck),
    keptOids: copiesOf(deck.model.runs).map(({ oid }) => oid),
  };
  // what is on the screen comes first
  sampler.need([...HEADER_POLLS, ...panes.flatMap(({ polls }) => polls), ...HEALTH_POLLS]);
}

/** Sessions to read: what is on the screen, and where somebody scrolls more than what is gone to next. */
function activityLimit({ state, model }: Deck): number {
  const { filter, index } = tableOf(state, activityView.id);
  // it is looked for among all of them
  if (filter !== '' || state.database !== undefined) return MANY;
  const scrolled = index === 0 ? 0 : Math.ceil((index + AHEAD) / AHEAD) * AHEAD;
  const whole = state.screen === activityScreen.id || (state.zoomed && focusedPane(state) === activityView);
  // those that wait for locks are left to another pane: the others are to be seen all the same
  const waiting = Math.min(MANY, model.rows(summaryPoll)[0]?.lock_waiting ?? 0);
  return Math.max(scrolled, whole ? 2 * AHEAD : Math.max(20, state.size.rows) + waiting);
}

/** The tables whose rows are on the screen; sizes of others are not asked. */
function shownTables(deck: Deck): readonly number[] | undefined {
  const { state, model, sampler } = deck;
  const asked = deck.store.held(ASKED_FOR);
  const { main, side } = placePanes(deck);
  const box = [...main, ...side].find(({ view }) => view === tablesView);
  if (box === undefined) return undefined;
  const { rows } = shownRows(tablesView, model, state);
  if (rows.length === 0) return undefined;
  const { from, to } = windowOf(
    rows.length,
    cursorIndex(tablesView, rows, tableOf(state, tablesView.id)),
    Math.max(LEAST_SIZED, rowsIn(box)),
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
