import type { Deck } from './core/deck.ts';
import { refreshFleet } from './fleet/refresh.ts';
import { closeOutside, refreshOutside } from './outside/refresh.ts';
import { refreshRuns } from './runs/refresh.ts';
import { refreshRoutine } from './runs/routine.ts';

/** Reads again what is known here and not on the server: runs, backups, jobs; at once where something has changed. */
export function refreshLocal(deck: Deck, changed = false): void {
  refreshRuns(deck, changed);
  refreshRoutine(deck, changed);
  refreshOutside(deck, changed);
  refreshFleet(deck);
}

/** Ends what that keeps open. */
export function closeLocal(deck: Deck): void {
  closeOutside(deck);
}
