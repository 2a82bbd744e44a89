import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { EMPTY_FIELD } from '../core/text-field.ts';
import { refreshServers } from '../servers/switch.ts';

function movePalette(deck: Deck, by: number): void {
  const { overlay } = deck.state;
  if (overlay?.kind === 'palette' || overlay?.kind === 'servers')
    deck.open({ ...overlay, index: Math.max(0, overlay.index + by) });
}

export const OPEN_PALETTE: Action = action(
  'run.palette',
  'screen',
  ': ^P',
  'Everything by name',
  (d) => {
    refreshServers(d);
    d.open({ kind: 'palette', field: EMPTY_FIELD, index: 0 });
  },
  { hint: 6, short: 'palette' },
);

/** While it is open. */
export const PALETTE_ACTIONS: readonly Action[] = [
  action('palette.down', 'palette', 'down tab ^N', 'Next', (d) => movePalette(d, 1)),
  action('palette.up', 'palette', 'up backtab ^P', 'Previous', (d) => movePalette(d, -1)),
];
