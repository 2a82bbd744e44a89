import { COPY_ACTION } from '../copy.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { tableOf } from '../core/state.ts';
import type { AnyView } from '../core/view.ts';
import { DATABASE_ACTION } from '../database.ts';
import { DETAIL_ACTION } from '../detail/detail.ts';
import { EXPLAIN_ACTION } from '../explain/actions.ts';
import { FILTER_ACTION } from '../filter.ts';
import { FLEET_ACTION } from '../fleet/actions.ts';
import { SIGNAL_ROW_ACTIONS } from '../signal/actions.ts';
import { SORT_ACTIONS } from '../sort.ts';
import { VIEWS } from '../views/registry.ts';
import { cursorIndex, focusedView, noRow, selectedRow, shownRows } from '../views/select.ts';

function toggleMark(deck: Deck): void {
  const view = focusedView(deck.state);
  const { rows } = shownRows(view, deck.model, deck.state);
  const table = tableOf(deck.state, view.id);
  const row = rows[cursorIndex(view, rows, table)];
  if (row === undefined) return;
  const marks = new Set(table.marks);
  const id = view.identity(row);
  if (!marks.delete(id)) marks.add(id);
  deck.table(view.id, { marks });
  deck.moveCursor((i) => i + 1);
}

const noTree = (deck: Deck) =>
  focusedView(deck.state).tree ? noRow(deck) : 'the rows do not stand in branches';

function toggleBranch(deck: Deck): void {
  const view = focusedView(deck.state);
  const { id, tree } = view;
  const open = new Set(tableOf(deck.state, id).open);
  const { rows } = shownRows(view, deck.model, deck.state);
  const branch = tree?.branch(selectedRow(deck.model, deck.state), rows, open);
  if (branch === undefined) {
    deck.say('Nothing is folded there.');
    return;
  }
  if (!open.delete(branch)) open.add(branch);
  deck.table(id, { open });
}

function shift(deck: Deck, by: number): void {
  const { id } = focusedView(deck.state);
  deck.table(id, { shift: Math.max(0, tableOf(deck.state, id).shift + by) });
}

/** A key of one view, which says elsewhere why it does nothing. */
function onlyOn(view: string, { elsewhere, ...own }: NonNullable<AnyView['actions']>[number]): Action {
  const disabled = (d: Deck) => (focusedView(d.state).id === view ? own.disabled?.(d) : elsewhere);
  return { ...own, disabled };
}

export const TABLE_ACTIONS: readonly Action[] = [
  action('move.down', 'table', 'down j', 'Down', (d) => d.moveCursor((i) => i + 1)),
  action('move.up', 'table', 'up k', 'Up', (d) => d.moveCursor((i) => i - 1)),
  action('move.pagedown', 'table', 'pgdn', 'Page down', (d) => d.moveCursor((i) => i + d.page)),
  action('move.pageup', 'table', 'pgup', 'Page up', (d) => d.moveCursor((i) => i - d.page)),
  action('move.first', 'table', 'g home', 'First row', (d) => d.moveCursor(() => 0)),
  action('move.last', 'table', 'G end', 'Last row', (d) => d.moveCursor((_, last) => last)),
  action('move.right', 'table', 'right l', 'Scroll right', (d) => shift(d, 8)),
  action('move.left', 'table', 'left h', 'Scroll left', (d) => shift(d, -8)),
  DETAIL_ACTION,
  FLEET_ACTION,
  action('row.mark', 'table', 'space', 'Mark the row', toggleMark, {
    hint: 9,
    short: 'mark',
    disabled: noRow,
  }),
  action('row.fold', 'table', 'o', 'Unfold a branch, or fold it', toggleBranch, {
    hint: 4,
    short: 'unfold',
    disabled: noTree,
  }),
  ...SIGNAL_ROW_ACTIONS,
  EXPLAIN_ACTION,
  COPY_ACTION,
  FILTER_ACTION,
  DATABASE_ACTION,
  ...SORT_ACTIONS,
  ...VIEWS.flatMap(({ id, actions = [] }) => actions.map((own) => onlyOn(id, own))),
];
