import type { Kept } from '../../ops/kept/kept.ts';
import { entryOf } from '../../ops/registry.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { focusedView, selectedRow } from '../views/select.ts';
import { openWizard, operationDisabled } from '../wizard/flow.ts';
import { commandDisabled, takeBackRun } from '../wizard/take-back.ts';
import type { RunRow } from './read.ts';

function selectedRun(deck: Deck): RunRow | undefined {
  return focusedView(deck.state).id === 'operations'
    ? (selectedRow(deck.model, deck.state) as RunRow | undefined)
    : undefined;
}

function cannotTakeBack(deck: Deck): string | undefined {
  const run = selectedRun(deck);
  if (!run) return 'the row is no run';
  if (run.status === 'running') return 'it is still running; Enter shows it';
  if (run.undoneBy !== null) return `it was undone by ${run.undoneBy}`;
  if (run.recoveredBy !== null) return `${run.recoveredBy} has cleaned up after it`;
  if (!run.left && run.undo === null) return 'there is no way to take it back';
  const command = run.left ? `pgdeck recover ${run.id}` : (run.undo ?? '');
  return commandDisabled(deck, command);
}

function takeBack(deck: Deck): void {
  const run = selectedRun(deck);
  if (run) takeBackRun(deck, run.id, run.left ? undefined : run.undo, run.connection);
}

function selectedKept(deck: Deck): Kept | undefined {
  return focusedView(deck.state).id === 'kept'
    ? (selectedRow(deck.model, deck.state) as Kept | undefined)
    : undefined;
}

function dropKept(deck: Deck): void {
  const [kept, entry] = [selectedKept(deck), entryOf('db drop')];
  if (kept && entry) openWizard(deck, entry, { argument: kept.name });
}

function cannotDrop(deck: Deck): string | undefined {
  const entry = entryOf('db drop');
  return (
    (entry && operationDisabled(deck, entry)) ??
    (selectedKept(deck) ? undefined : 'the row is no database that pgdeck made')
  );
}

/** About runs, and the databases that they have left. */
export const RUN_ACTIONS: readonly Action[] = [
  action('runs.undo', 'row', 'u', 'Undo the run, or clean up after it', takeBack, {
    hint: 3,
    short: 'undo',
    disabled: cannotTakeBack,
  }),
  action('kept.drop', 'row', 'D', 'Drop the database that pgdeck made', dropKept, {
    danger: true,
    hint: 2,
    shortOn: (d) => (focusedView(d.state).id === 'kept' ? 'drop' : undefined),
    disabled: cannotDrop,
  }),
];
