import type { Model } from '../core/model.ts';
import type { Shown, Sort } from '../core/rows.ts';
import { type AppState, type TableState, tableOf } from '../core/state.ts';
import type { AnyView } from '../core/view.ts';
import { filterOf } from './fields.ts';
import { panesOf, viewOf } from './registry.ts';

/** Computed once per round of the sampler and setting of the table. */
export function shownRows(view: AnyView, model: Model, state: AppState): Shown {
  const table = tableOf(state, view.id);
  const memo = model.shown.get(view.id);
  const { filter, sort, open } = table;
  const { round, database } = state;
  const apart = isApart(view, state);
  if (
    memo?.round === round &&
    memo.filter === filter &&
    memo.sort === sort &&
    memo.open === open &&
    memo.apart === apart &&
    memo.database === database
  )
    return memo.shown;
  const all = view.rows(model);
  const rows = ofDatabase(view, (apart && view.apart?.rest(model, all)) || all, model, database);
  const found = filterOf(view, filter, model);
  const hit = 'hit' in found ? found.hit : undefined;
  const kept = view.tree
    ? view.tree.show(rows, open, hit)
    : sortRows(view, hit ? rows.filter(hit) : rows, sort, model);
  const shown = { rows: kept, total: rows.length, ...(view.tree && hit && { hits: kept.filter(hit) }) };
  model.shown.set(view.id, { filter, sort, open, round, apart, database, shown });
  return shown;
}

/** Those that belong to a database, and whom they stand behind; all of a view whose rows belong to none. */
function ofDatabase(
  view: AnyView,
  rows: readonly unknown[],
  model: Model,
  name: string | undefined,
): readonly unknown[] {
  const { database, tree } = view;
  if (name === undefined || database === undefined) return rows;
  const belongs = (row: unknown) => database(row, model) === name;
  return tree ? tree.show(rows, new Set(), belongs) : rows.filter(belongs);
}

/** Rows of the view are left to another one on the same screen. */
export function isApart({ apart }: AnyView, state: AppState): boolean {
  return apart !== undefined && shownPanes(state).some(({ id }) => id === apart.view);
}

/** What is on the screen: all of its panes, or the one that fills it. */
export function shownPanes(state: AppState): readonly AnyView[] {
  const { main, side } = panesOf(state);
  return state.zoomed ? [focusedPane(state)] : [...main, ...side];
}

/** The pane that keys go to. */
export function focusedPane(state: AppState): AnyView {
  const { main, side } = panesOf(state);
  return [...main, ...side][state.pane] ?? (main[0] as AnyView);
}

/** Sorted by one column, unknown values last in either direction; equal rows keep their order. */
export function sortRows(
  view: AnyView,
  rows: readonly unknown[],
  sort: Sort,
  model: Model,
): readonly unknown[] {
  if (view.ordered) return rows;
  const column = view.columns.find((c) => c.id === sort.column);
  if (!column) return rows;
  const sign = sort.descending ? -1 : 1;
  return rows
    .map((row) => ({ row, value: column.value(row, model), id: view.identity(row) }))
    .sort((a, b) => {
      const unknownA = a.value === null || a.value === undefined || a.value === '';
      const unknownB = b.value === null || b.value === undefined || b.value === '';
      if (unknownA || unknownB) return Number(unknownA) - Number(unknownB) || (a.id < b.id ? -1 : 1);
      if (typeof a.value === 'string' && typeof b.value === 'string')
        return sign * a.value.localeCompare(b.value) || (a.id < b.id ? -1 : 1);
      return sign * (Number(a.value) - Number(b.value)) || (a.id < b.id ? -1 : 1);
    })
    .map((entry) => entry.row);
}

/** All rows of a view in its own order; for output without a console. */
export function shownRowsOf(view: AnyView, model: Model): readonly unknown[] {
  const rows = view.rows(model);
  return view.tree ? view.tree.show(rows, new Set()) : sortRows(view, rows, view.sort, model);
}

/** Where the cursor stands: on the selected row, or where that row was when it vanished. */
export function cursorIndex(view: AnyView, rows: readonly unknown[], table: TableState): number {
  if (rows.length === 0) return -1;
  if (table.selected !== undefined) {
    const at = rows.findIndex((row) => view.identity(row) === table.selected);
    if (at >= 0) return at;
  }
  return Math.min(table.index, rows.length - 1);
}

/** The part of the rows that fits, with the cursor in it. */
export function windowOf(count: number, cursor: number, room: number): { from: number; to: number } {
  if (count <= room) return { from: 0, to: count };
  const from = Math.min(Math.max(0, cursor - Math.floor(room / 2)), count - room);
  return { from, to: from + room };
}

/** The view that keys go to: that of the row whose details are open, else the focused pane. */
export function focusedView(state: AppState): AnyView {
  if (state.overlay?.kind === 'detail') return viewOf(state.overlay.view);
  return focusedPane(state);
}

/** The row that keys are about: the one whose details are open, else the one under the cursor. */
export function selectedRow(model: Model, state: AppState): unknown {
  // its neighbour must not take its place when it vanishes while somebody reads
  if (state.overlay?.kind === 'detail') return state.overlay.row;
  const view = focusedView(state);
  const { rows } = shownRows(view, model, state);
  return rows[cursorIndex(view, rows, tableOf(state, view.id))];
}

/** The rows of a view that are marked: those that are shown, and those that are not, for a filter or a folded branch. */
export function markedOf(
  view: AnyView,
  model: Model,
  state: AppState,
): { readonly shown: readonly unknown[]; readonly unseen: readonly unknown[] } {
  const { marks } = tableOf(state, view.id);
  if (marks.size === 0) return { shown: [], unseen: [] };
  const isMarked = (row: unknown) => marks.has(view.identity(row));
  const shown = shownRows(view, model, state).rows.filter(isMarked);
  const seen = new Set(shown.map(view.identity));
  return { shown, unseen: view.rows(model).filter((row) => isMarked(row) && !seen.has(view.identity(row))) };
}

/** What is said where marked rows are not seen, and so not meant; undefined where all are. */
export function leftOut(model: Model, state: AppState): string | undefined {
  if (state.overlay?.kind === 'detail') return undefined;
  const { shown, unseen } = markedOf(focusedView(state), model, state);
  if (unseen.length === 0) return undefined;
  const told = `${unseen.length} marked ${unseen.length === 1 ? 'row is' : 'rows are'} not shown and left out`;
  return shown.length > 0 ? `${told}.` : `${told}: this is about the row under the cursor.`;
}

/** The marked rows that are shown; the row that keys are about where there are none. */
export function targetRows(model: Model, state: AppState): readonly unknown[] {
  const marked = markedOf(focusedView(state), model, state).shown;
  if (marked.length > 0 && state.overlay?.kind !== 'detail') return marked;
  const one = selectedRow(model, state);
  return one === undefined ? [] : [one];
}

/** Why nothing can be done with a row now. */
export function noRow(deck: { readonly model: Model; readonly state: AppState }): string | undefined {
  return selectedRow(deck.model, deck.state) === undefined ? 'there is no row' : undefined;
}
