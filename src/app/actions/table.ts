import { unexplainable } from '../../db/explain.ts';
import { copyRow } from '../copy.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { fieldOf } from '../core/text-field.ts';
import { openDetail } from '../detail/detail.ts';
import { explainRow } from '../explain/explain.ts';
import { signalDisabled, signalTargets } from '../signal/signal.ts';
import { cursorIndex, focusedView, selectedRow, shownRows } from '../views/select.ts';

const noRow = (deck: Deck) =>
  selectedRow(deck.model, deck.state) === undefined ? 'there is no row' : undefined;

const noOrder = (deck: Deck) => focusedView(deck.state).ordered;

const noSession = (deck: Deck): string | undefined => {
  const blocked = signalDisabled(deck) ?? noRow(deck);
  if (blocked) return blocked;
  const view = focusedView(deck.state);
  return view.backend?.(selectedRow(deck.model, deck.state)) ? undefined : 'the row is no session';
};

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
  return unexplainable(query, server);
}

function nextSort(deck: Deck): void {
  const view = focusedView(deck.state);
  const { sort } = deck.state.tables[view.id];
  const at = view.columns.findIndex((c) => c.id === sort.column);
  const next = view.columns[(at + 1) % view.columns.length];
  if (next) deck.table(view.id, { sort: { column: next.id, descending: next.align === 'right' } });
}

function reverse(deck: Deck): void {
  const { id } = focusedView(deck.state);
  const { sort } = deck.state.tables[id];
  deck.table(id, { sort: { ...sort, descending: !sort.descending } });
}

function filter(deck: Deck): void {
  const { id } = focusedView(deck.state);
  const before = deck.state.tables[id].filter;
  deck.open({ kind: 'filter', view: id, field: fieldOf(before), before });
}

function toggleMark(deck: Deck): void {
  const view = focusedView(deck.state);
  const { rows } = shownRows(view, deck.model, deck.state);
  const table = deck.state.tables[view.id];
  const row = rows[cursorIndex(view, rows, table)];
  if (row === undefined) return;
  const marks = new Set(table.marks);
  const id = view.identity(row);
  if (!marks.delete(id)) marks.add(id);
  deck.table(view.id, { marks });
  deck.moveCursor((i) => i + 1);
}

function shift(deck: Deck, by: number): void {
  const { id } = focusedView(deck.state);
  deck.table(id, { shift: Math.max(0, deck.state.tables[id].shift + by) });
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
  action('row.detail', 'table', 'enter', 'Details of the row', openDetail, {
    hint: 1,
    short: 'details',
    disabled: noRow,
  }),
  action('row.mark', 'table', 'space', 'Mark the row', toggleMark, {
    hint: 9,
    short: 'mark',
    disabled: noRow,
  }),
  action('signal.terminate', 'row', 'K', 'Terminate the session', (d) => signalTargets(d, 'terminate'), {
    danger: true,
    hint: 2,
    short: 'terminate',
    disabled: noSession,
  }),
  action('signal.cancel', 'row', 'c', 'Cancel the query', (d) => signalTargets(d, 'cancel'), {
    danger: true,
    hint: 3,
    short: 'cancel',
    disabled: noSession,
  }),
  action('row.explain', 'row', 'e', 'Explain the query (the plan; it is not run)', explainRow, {
    hint: 10,
    short: 'explain',
    disabled: explainDisabled,
  }),
  action('row.copy', 'row', 'y', 'Copy the query or the name', copyRow, {
    hint: 11,
    short: 'copy',
    disabled: noRow,
  }),
  action('find.filter', 'table', '/', 'Filter (!word leaves out)', filter, { hint: 4, short: 'filter' }),
  action('find.sort', 'table', 's', 'Sort by the next column', nextSort, {
    hint: 5,
    short: 'sort',
    disabled: noOrder,
  }),
  action('find.reverse', 'table', 'S', 'Reverse the order', reverse, { disabled: noOrder }),
  action('find.idle', 'table', 'i', 'List idle sessions too, or not', (d) => d.toggleIdle(), {
    disabled: (d) => (focusedView(d.state).id === 'activity' ? undefined : 'only sessions can be idle'),
  }),
];
