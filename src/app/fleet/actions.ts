import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { keyOr } from '../core/keys.ts';
import { fleetView } from '../views/fleet.ts';
import { focusedView, noRow, selectedRow } from '../views/select.ts';

function openFleetDetail(deck: Deck): void {
  const row = selectedRow(deck.model, deck.state);
  if (row === undefined) return;
  const identity = fleetView.identity(row);
  deck.open({ kind: 'detail', view: fleetView.id, row, identity, gone: false, scroll: 0 });
}

/** Enter opens the server itself: what is known of it has another key. */
export const FLEET_ACTION: Action = action(
  'fleet.detail',
  'table',
  'a',
  'What is known of a server of the fleet',
  openFleetDetail,
  {
    hint: 2,
    short: 'about',
    disabled: (d) =>
      focusedView(d.state) === fleetView
        ? noRow(d)
        : `${keyOr(d, 'row.detail')} shows what is known of a row`,
  },
);
