import { entryOf } from '../../ops/registry.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import type { AnyView, RowOperation } from '../core/view.ts';
import { VIEWS } from '../views/registry.ts';
import { focusedView, selectedRow } from '../views/select.ts';
import { openWizard, operationDisabled } from './flow.ts';

function rowOperation(
  view: AnyView,
  { id, key, title, operation, argument, only, elsewhere, short, ...more }: RowOperation<unknown>,
): Action {
  const entry = entryOf(operation);
  if (entry === undefined) throw new Error(`no operation ${operation}`);
  const here = (d: Deck) => focusedView(d.state) === view;
  const row = (d: Deck) => {
    const selected = here(d) ? selectedRow(d.model, d.state) : undefined;
    return selected !== undefined && (only?.(selected) ?? true) ? selected : undefined;
  };
  const open = (d: Deck) => openWizard(d, entry, { argument: argument(row(d)) });
  return action(id, 'row', key, title, open, {
    ...more,
    shortOn: (d) => (row(d) === undefined ? undefined : short),
    disabled: (d) => operationDisabled(d, entry) ?? (row(d) === undefined ? elsewhere : undefined),
  });
}

/** The keys of views that start an operation on the row under the cursor. */
export const ROW_OPERATIONS: readonly Action[] = VIEWS.flatMap((view) =>
  (view.operations ?? []).map((one) => rowOperation(view, one)),
);
