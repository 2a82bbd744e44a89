import type { Deck } from './core/deck.ts';
import { tableOf } from './core/state.ts';
import type { AnyView } from './core/view.ts';
import { placePanes, rowsIn } from './screen/panes.ts';
import { panesOf, screenOf } from './views/registry.ts';
import { cursorIndex, focusedView, shownRows } from './views/select.ts';

/** The next pane, or another one further on, round about. */
export function focusNext(deck: Deck, by: number): void {
  const { main, side } = panesOf(deck.state);
  const count = main.length + side.length;
  deck.store.set({ pane: (deck.state.pane + by + count) % count });
}

/** Keys go to this pane; to the first one where it is not on the screen. */
export function focusView(deck: Deck, view: AnyView): void {
  const { main, side } = panesOf(deck.state);
  deck.store.set({ pane: Math.max(0, [...main, ...side].indexOf(view)) });
}

/** Nobody has pressed a key on this screen yet: keys go to the pane that matters now. */
export function focusHome(deck: Deck): void {
  const { dashboard } = screenOf(deck.state.screen);
  if (dashboard !== undefined && !deck.state.touched) focusView(deck, dashboard.home(deck.model));
}

/** Rows of the focused table that fit on the screen. */
export function pageOf(deck: Deck): number {
  const { main, side } = placePanes(deck);
  const box = [...main, ...side].find(({ index }) => index === deck.state.pane);
  return Math.max(1, box === undefined ? 0 : rowsIn(box));
}

/** Where the selected row stands now; when it is gone, the one that took its place is selected from now on. */
export function settleCursor(deck: Deck): void {
  const view = focusedView(deck.state);
  const table = tableOf(deck.state, view.id);
  if (table.selected === undefined) return;
  const { rows } = shownRows(view, deck.model, deck.state);
  const index = cursorIndex(view, rows, table);
  if (index < 0) return;
  const selected = view.identity(rows[index]);
  if (index !== table.index || selected !== table.selected) deck.table(view.id, { index, selected });
}
