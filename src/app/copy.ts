import { backendDetail } from '../db/queries/backend.ts';
import { STATEMENT_CHARS } from '../db/queries/statements.ts';
import { action } from './core/action.ts';
import type { Action, Deck } from './core/deck.ts';
import type { BackendRef } from './core/view.ts';
import { focusedView, noRow, selectedRow } from './views/select.ts';

const WHOLE = 'The query was';
const BEGINNING = 'The beginning of the query was';

/** Copies the statement of the row that keys are about, else its name. */
function copyRow(deck: Deck): void {
  const view = focusedView(deck.state);
  const row = selectedRow(deck.model, deck.state);
  if (row === undefined) return;
  const query = view.query?.(row);
  const backend = view.backend?.(row);
  const first = view.columns[0];
  if (!query) {
    const own = view.copy?.(row);
    if (own) deck.copy(own.text, `The ${own.what} was`);
    else if (first) deck.copy(String(first.value(row, deck.model) ?? ''), 'The name was');
  } else if (backend === undefined) deck.copy(query, query.length < STATEMENT_CHARS ? WHOLE : BEGINNING);
  else if (query.length < deck.sampler.wants.queryChars) deck.copy(query, WHOLE);
  else void copyWhole(deck, backend, query);
}

/** The lists carry only the beginning of a long text. Never throws. */
async function copyWhole(deck: Deck, backend: BackendRef, beginning: string): Promise<void> {
  const rows = await deck.sampler.control?.run(backendDetail, backend).catch(() => []);
  const query = rows?.[0]?.query;
  // by now the session may run another one, which is not what was pointed at
  if (query?.startsWith(beginning)) deck.copy(query, WHOLE);
  else deck.copy(beginning, BEGINNING);
}

export const COPY_ACTION: Action = action('row.copy', 'row', 'y', 'Copy the query or the name', copyRow, {
  hint: 11,
  short: 'copy',
  disabled: noRow,
});
