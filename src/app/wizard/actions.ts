import { connectionWords } from '../../ops/engine/connection.ts';
import type { OperationEntry } from '../../ops/engine/operation.ts';
import type { Danger } from '../../ops/engine/plan.ts';
import { OPERATIONS } from '../../ops/registry.ts';
import { action } from '../core/action.ts';
import type { Action, Deck } from '../core/deck.ts';
import { openedWizard } from '../core/state.ts';
import { focusedView } from '../views/select.ts';
import { acceptForm, moveInForm, nextField, openWizard, operationDisabled, wizardBack } from './flow.ts';
import { focusedField } from './form.ts';
import { meantByKey, openOnRows } from './marked.ts';
import { markInPlan, moveInPlan, unfoldAll } from './plan-moves.ts';
import { blocksOf, stopsOf, wayOn } from './plan-view.ts';
import { copyCommand, goOn, planAgain, planDisabled } from './planning.ts';
import { askCancel } from './run.ts';
import { scrollWizard } from './scroll.ts';
import { commandDisabled, meantBy, takeBackRun } from './take-back.ts';
import { titleOf } from './values.ts';

/** A page of the choices under a field. */
const PAGE = 5;

function undoOf(deck: Deck): { readonly run: string; readonly undo: string } | undefined {
  const phase = openedWizard(deck.state)?.phase;
  const end = phase?.step === 'result' ? phase.run.end : undefined;
  return end && end.undo !== null ? { run: end.run, undo: end.undo } : undefined;
}

/** The operation that helps with what a run has found, and what it is given. */
function followingOf(deck: Deck): ReturnType<typeof meantBy> {
  const phase = openedWizard(deck.state)?.phase;
  const next = phase?.step === 'result' ? phase.run.end?.next : undefined;
  return next === undefined ? undefined : meantBy(next);
}

function openFollowing(deck: Deck): void {
  const following = followingOf(deck);
  if (!following) return;
  wizardBack(deck);
  openWizard(deck, following.entry, { words: following.words });
}

const noFollowing = (deck: Deck): string | undefined => {
  const following = followingOf(deck);
  return following ? operationDisabled(deck, following.entry) : 'nothing follows from it';
};

const noUndo = (deck: Deck): string | undefined =>
  commandDisabled(deck, undoOf(deck)?.undo ?? '') ?? (undoOf(deck) ? undefined : 'it cannot be undone');

/** A command that has more to it than an operation and its argument is copied. */
/** What Enter does in the form. */
function accepts(deck: Deck): string {
  const { operation, form } = openedWizard(deck.state) ?? {};
  const field = operation && form && focusedField(operation, form);
  if (!field) return 'plan';
  const typed = field.kind === 'list' && (form.texts[field.id]?.text ?? '') !== '';
  return form.index >= 0 && !form.marking ? 'choose' : typed ? 'add' : 'plan';
}

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
  'type-name': 'type the name',
};

function goesOn(deck: Deck): string | undefined {
  const wizard = openedWizard(deck.state);
  const phase = wizard?.phase;
  if (phase?.step === 'failed') return 'go to the field';
  if (wizard === undefined || phase?.step !== 'plan') return undefined;
  if (blocksOf(phase.plan).length === 0) return GOES[phase.plan.danger];
  const way = wayOn(phase.plan, phase.view, wizard.form, wizard.operation);
  return way.kind === 'field' ? `go to ${titleOf(way.field)}` : 'plan again';
}

/** What Space does with what the cursor is on. */
function marks(deck: Deck): string | undefined {
  const phase = openedWizard(deck.state)?.phase;
  if (phase?.step !== 'plan') return undefined;
  const stop = stopsOf(phase.plan)[phase.view.at];
  if (stop?.kind === 'answer') return 'accept';
  return stop && (phase.view.open.has(stop.id) ? 'fold' : 'unfold');
}

const noSteps = (deck: Deck) => {
  const phase = openedWizard(deck.state)?.phase;
  return phase?.step === 'plan' && stopsOf(phase.plan).length > 0 ? undefined : 'no steps';
};

const notFailed = (deck: Deck) => {
  const phase = openedWizard(deck.state)?.phase;
  return phase?.step === 'result' && phase.run.end?.status === 'done' ? 'it is done' : undefined;
};

const beingCancelled = (deck: Deck) => {
  const phase = openedWizard(deck.state)?.phase;
  return phase?.step === 'run' && phase.run.cancelling ? 'it is being stopped' : undefined;
};

/** Operations that share a key: which of them it opens is decided by the screen. */
const SHARED = [...Map.groupBy(OPERATIONS, ({ key }) => key)].flatMap(([key, [first, ...more]]) =>
  key === undefined || first === undefined || more.length === 0
    ? []
    : [{ key, entries: [first, ...more] as const }],
);

function sharedAction(key: string, entries: readonly [OperationEntry, ...OperationEntry[]]): Action {
  const title = entries.map((entry) => entry.title).join(', or ');
  const open = (d: Deck) => openOnRows(d, meantByKey(d, entries));
  return action(`run.key.${key}`, 'screen', key, title, open, {
    danger: entries.some(({ writes }) => writes),
    // where it is about the rows that are shown
    hint: 3,
    shortOn: (d) => onRows(meantByKey(d, entries))(d),
    disabled: (d) => operationDisabled(d, meantByKey(d, entries)),
  });
}

/** What the footer says of it where the rows are such as its form takes. */
function onRows({ id, takes }: OperationEntry): (deck: Deck) => string | undefined {
  return (deck) => {
    const field = focusedView(deck.state).taken?.field;
    return field !== undefined && takes?.includes(field) ? id : undefined;
  };
}

/** One for each operation that has a wizard, and one for each key that several share. */
export const OPERATION_ACTIONS: readonly Action[] = [
  ...OPERATIONS.filter(({ ownKeys }) => ownKeys !== true).map((entry) => {
    const key = SHARED.some(({ entries }) => entries.includes(entry)) ? '' : (entry.key ?? '');
    return action(
      `run.${entry.id.replaceAll(' ', '.')}`,
      'screen',
      key,
      entry.title,
      (d) => openOnRows(d, entry),
      {
        danger: entry.writes,
        disabled: (d) => operationDisabled(d, entry),
        // where it is about the rows that are shown
        ...(key !== '' && entry.takes !== undefined && { hint: 4, shortOn: onRows(entry) }),
      },
    );
  }),
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
  action('form.enter', 'form', 'enter', 'Choose; from the field itself, plan', acceptForm, {
    hint: 1,
    shortOn: accepts,
  }),
  action('form.back', 'form', 'esc', 'Close the form; the answers are kept', wizardBack, {
    hint: 3,
    short: 'back',
  }),
  action('plan.go', 'plan', 'enter', 'Run it', goOn, {
    hint: 1,
    shortOn: goesOn,
    disabled: planDisabled,
  }),
  action('plan.mark', 'plan', 'space', 'Accept the block, or unfold the step', markInPlan, {
    hint: 2,
    shortOn: marks,
    disabled: noSteps,
  }),
  action('plan.all', 'plan', 'o', 'Unfold or fold all steps', unfoldAll, {
    hint: 3,
    short: 'all steps',
    disabled: noSteps,
  }),
  action('plan.down', 'plan', 'down j', 'Next block or step', (d) => moveInPlan(d, 1)),
  action('plan.up', 'plan', 'up k', 'Block or step before', (d) => moveInPlan(d, -1)),
  action('plan.pagedown', 'plan', 'pgdn', 'Page down', (d) => scrollWizard(d, (at, page) => at + page)),
  action('plan.pageup', 'plan', 'pgup', 'Page up', (d) => scrollWizard(d, (at, page) => at - page)),
  action('plan.first', 'plan', 'g home', 'Beginning', (d) => scrollWizard(d, () => 0)),
  action('plan.last', 'plan', 'G end', 'End', (d) => scrollWizard(d, () => Number.MAX_SAFE_INTEGER)),
  action('plan.copy', 'plan', 'y', 'Copy the command that does the same', copyCommand, {
    hint: 4,
    short: 'copy the command',
    disabled: noPlan,
  }),
  action('plan.back', 'plan', 'esc q', 'Back to the form', wizardBack, { hint: 5, short: 'back' }),
  action('progress.cancel', 'progress', 'esc', 'Stop the run (asks first)', askCancel, {
    hint: 1,
    short: 'stop',
    disabled: beingCancelled,
  }),
  action(
    'progress.leave',
    'progress',
    'l q',
    'Close the page; it keeps running, and Operations leads back to it',
    wizardBack,
    {
      hint: 2,
      short: 'close, keeps running',
    },
  ),
  action('result.close', 'result', 'enter esc q', 'Close', wizardBack, { hint: 1, short: 'close' }),
  action('result.again', 'result', 'r', 'Plan it again with the same answers', planAgain, {
    hint: 2,
    short: 'plan again',
    disabled: notFailed,
  }),
  action('result.next', 'result', 'n', 'Open what helps with what was found', openFollowing, {
    hint: 2,
    short: 'what helps',
    disabled: noFollowing,
  }),
  action('result.undo', 'result', 'u', 'Undo it', undoResult, {
    hint: 2,
    shortOn: undoWord,
    disabled: noUndo,
  }),
];
