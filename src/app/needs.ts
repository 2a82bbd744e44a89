import type { PartName } from '../monitor/polls.ts';
import type { Deck } from './core/deck.ts';
import type { Slot } from './core/store.ts';
import { copiesOf } from './views/kept.ts';
import { screenOf, VIEWS } from './views/registry.ts';
import { cursorIndex, shownRows, windowOf } from './views/select.ts';
import type { TableRow } from './views/tables.ts';

const HEADER_PARTS: readonly PartName[] = ['summary', 'database', 'walPosition'];

/** The tables whose exact sizes were asked for last. */
const ASKED_FOR: Slot<{ tables: string }> = { make: () => ({ tables: '' }) };

/** Tells the sampler what the screen needs now. */
export function tellNeeds(deck: Deck): void {
  const { state, sampler, model } = deck;
  const views = screenOf(state.screen).panes.map((id) => VIEWS[id]);
  const listed = state.screen === 'activity';
  sampler.wants = {
    ...sampler.wants,
    idle: state.idle,
    idleSeconds: model.thresholds.idle_session_seconds,
    activityLimit: !listed ? Math.max(20, state.size.rows) : state.tables.activity.filter === '' ? 200 : 1000,
    shownTables: shownTables(deck),
    keptOids: copiesOf(deck.model.runs).map(({ oid }) => oid),
  };
  sampler.need(new Set([...HEADER_PARTS, ...views.flatMap((v) => v.parts)]));
}

/** The tables whose rows are on the screen; sizes of others are not asked. */
function shownTables(deck: Deck): readonly number[] | undefined {
  const { state, model, sampler } = deck;
  const asked = deck.store.held(ASKED_FOR);
  if (!screenOf(state.screen).panes.includes('tables')) return undefined;
  const view = VIEWS.tables;
  const { rows } = shownRows(view, model, state);
  if (rows.length === 0) return undefined;
  const { from, to } = windowOf(rows.length, cursorIndex(view, rows, state.tables.tables), deck.page);
  const shown = (rows.slice(from, to) as TableRow[]).map((row) => row.oid);
  const known = new Set(model.rows('tableExact').map((r) => r.oid));
  const missing = shown.filter((oid) => !known.has(oid)).join();
  // a paused screen stays as it is, also while somebody scrolls
  if (
    missing !== '' &&
    !sampler.paused &&
    model.part('tableExact').status === 'ok' &&
    asked.tables !== missing
  )
    queueMicrotask(() => sampler.refresh(['tableExact']));
  asked.tables = missing;
  return shown;
}
