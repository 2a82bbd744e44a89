import { connectionWords } from '../../ops/engine/connection.ts';
import type { OperationEntry } from '../../ops/engine/operation.ts';
import type { Danger } from '../../ops/engine/plan.ts';
import { OPERATIONS } from '../../ops/registry.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { openedWizard } from '../core/state.ts';
import { focusedView } from '../views/select.ts';
import {
  acceptForm,
  copyCommand,
  goOn,
  moveInForm,
  nextField,
  openWizard,
  operationDisabled,
  planDisabled,
  wizardBack,
} from './flow.ts';
import { markedRows, meantByKey } from './marked.ts';
import { askCancel } from './run.ts';
import { commandDisabled, meantBy, takeBackRun } from './take-back.ts';

/** A page of the choices under a field. */
const PAGE = 5;

function undoOf(deck: Deck): { readonly run: string; readonly undo: string } | undefined {
  const phase = openedWizard(deck.state)?.phase;
  const end = phase?.step === 'result' ? phase.run.end : undefined;
  return end && end.undo !== null ? { run: end.run, undo: end.undo } : undefined;
}

const noUndo = (deck: Deck): string | undefined =>
  commandDisabled(deck, undoOf(deck)?.undo ?? '') ??
  (undoOf(deck) ? undefined : 'there is no way to take it back');

/** A command that has more to it than an operation and its argument is copied. */
const undoWord = (deck: Deck) =>
  meantBy(undoOf(deck)?.undo ?? '') ? 'undo' : 'copy the command that undoes it';

function undoResult(deck: Deck): void {
  const found = undoOf(deck);
  if (!found) return;
  wizardBack(deck);
  takeBackRun(deck, found.run, found.undo, connectionWords(deck.resolved));
}

const noPlan = (deck: Deck) =>
  openedWizard(deck.state)?.phase.step === 'plan' ? undefined : 'there is no plan yet';

/** What Enter does with the plan that is shown. */
const GOES: Readonly<Record<Danger, string>> = {
  none: 'run it',
  confirm: 'confirm',
  'type-name': 'type its name',
};

function goesOn(deck: Deck): string | undefined {
  const phase = openedWizard(deck.state)?.phase;
  return phase?.step === 'plan' ? GOES[phase.plan.danger] : undefined;
}

const beingCancelled = (deck: Deck) => {
  const phase = openedWizard(deck.state)?.phase;
  return phase?.step === 'run' && phase.run.cancelling ? 'it is being cancelled' : undefined;
};

/** Operations that share a key: which of them it opens is decided by the screen. */
const SHARED = [...Map.groupBy(OPERATIONS, ({ key }) => key)].flatMap(([key, [first, ...more]]) =>
  key === undefined || first === undefined || more.length === 0
    ? []
    : [{ key, entries: [first, ...more] as const }],
);

function sharedAction(key: string, entries: readonly [OperationEntry, ...OperationEntry[]]): Action {
  const title = entries.map((entry) => entry.title).join(', or ');
  const open = (d: Deck) => {
    const entry = meantByKey(d, entries);
    openWizard(d, entry, markedRows(d, entry));
  };
  return action(`run.key.${key}`, 'screen', key, title, open, {
    danger: entries.some(({ writes }) => writes),
    // where it is about the rows that are shown
    hint: 3,
    shortOn: (d) => {
      const field = focusedView(d.state).taken?.field;
      const { id, takes } = meantByKey(d, entries);
      return field !== undefined && takes?.includes(field) ? id : undefined;
    },
    disabled: (d) => operationDisabled(d, meantByKey(d, entries)),
  });
}

/** One for each operation that has a wizard, and one for each key that several share. */
export const OPERATION_ACTIONS: readonly Action[] = [
  ...OPERATIONS.filter(({ ownKeys }) => ownKeys !== true).map((entry) =>
    action(
      `run.${entry.id.replaceAll(' ', '.')}`,
      'screen',
      SHARED.some(({ entries }) => entries.includes(entry)) ? '' : (entry.key ?? ''),
      entry.title,
      (d) => openWizard(d, entry, markedRows(d, entry)),
      {
        danger: entry.writes,
        disabled: (d) => operationDisabled(d, entry),
      },
    ),
  ),
  ...SHARED.map(({ key, entries }) => sharedAction(key, entries)),
];

/** While a wizard is open. */
export const WIZARD_ACTIONS: readonly Action[] = [
  action('form.next', 'form', 'tab', 'Next field', (d) => nextField(d, 1), { hint: 2, short: 'next field' }),
  action('form.previous', 'form', 'backtab', 'Field before', (d) => nextField(d, -1)),
  action('form.down', 'form', 'down', 'Next choice, or field', (d) => moveInForm(d, 1)),
  action('form.up', 'form', 'up', 'Choice or field before', (d) => moveInForm(d, -1)),
  action('form.pagedown', 'form', 'pgdn', 'Choices: page down', (d) => moveInForm(d, PAGE)),
  action('form.pageup', 'form', 'pgup', 'Choices: page up', (d) => moveInForm(d, -PAGE)),
  action('form.enter', 'form', 'enter', 'Take the choice; go on to the plan', acceptForm, {
    hint: 1,
    short: 'go on',
  }),
  action('form.back', 'form', 'esc', 'Leave the form; it is kept', wizardBack, { hint: 3, short: 'back' }),
  action('plan.go', 'plan', 'enter', 'Run it', goOn, {
    hint: 1,
    shortOn: goesOn,
    disabled: planDisabled,
  }),
  action('plan.copy', 'plan', 'y', 'Copy the command that does the same', copyCommand, {
    hint: 2,
    short: 'copy the command',
    disabled: noPlan,
  }),
  action('plan.back', 'plan', 'esc q', 'Back to the form', wizardBack, { hint: 3, short: 'back' }),
  action('progress.cancel', 'progress', 'esc', 'Cancel the run (asks first)', askCancel, {
    hint: 1,
    short: 'cancel',
    disabled: beingCancelled,
  }),
  action('progress.leave', 'progress', 'l q', 'Leave it running; 8 Enter comes back', wizardBack, {
    hint: 2,
    short: 'leave it running',
  }),
  action('result.close', 'result', 'enter esc q', 'Close', wizardBack, { hint: 1, short: 'close' }),
  action('result.undo', 'result', 'u', 'Undo it', undoResult, {
    hint: 2,
    shortOn: undoWord,
    disabled: noUndo,
  }),
];
