import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { keyOr } from '../core/keys.ts';
import { operationsView } from '../views/operations.ts';
import { focusedView, selectedRow } from '../views/select.ts';
import { commandDisabled, takeBackRun } from '../wizard/take-back.ts';
import type { RunRow } from './read.ts';

function selectedRun(deck: Deck): RunRow | undefined {
  return focusedView(deck.state) === operationsView
    ? (selectedRow(deck.model, deck.state) as RunRow | undefined)
    : undefined;
}

function cannotTakeBack(deck: Deck): string | undefined {
  const run = selectedRun(deck);
  if (!run) return 'the row is no run';
  if (run.status === 'running') return `it is still running; ${keyOr(deck, 'row.detail')} shows it`;
  if (run.undoneBy !== null) return `it was undone by ${run.undoneBy}`;
  if (run.recoveredBy !== null) return `${run.recoveredBy} has cleaned up after it`;
  if (!run.left && run.undo === null) return 'it cannot be undone';
  const command = run.left ? `pgdeck recover ${run.id}` : (run.undo ?? '');
  return commandDisabled(deck, command);
}

function takeBack(deck: Deck): void {
  const run = selectedRun(deck);
  if (run) takeBackRun(deck, run.id, run.left ? undefined : run.undo, run.connection);
}

/** About runs. */
export const RUN_ACTIONS: readonly Action[] = [
  action('runs.undo', 'row', 'u', 'Undo the run, or clean up after it', takeBack, {
    hint: 3,
    short: 'undo',
    disabled: cannotTakeBack,
  }),
];
