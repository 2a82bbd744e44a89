import { readWords } from '../../ops/engine/fields.ts';
import type { OperationEntry, RawInput } from '../../ops/engine/operation.ts';
import { sentenceOf } from '../../ops/error.ts';
import type { Deck } from '../core/deck.ts';
import { keyOr, readOnlyWhy } from '../core/keys.ts';
import { openedWizard, wizardById } from '../core/state.ts';
import { editField } from '../core/text-field.ts';
import { askChoices, askMeant } from './choices.ts';
import {
  addItem,
  EMPTY_FORM,
  editForm,
  type Form,
  firstChoice,
  focusedField,
  isAsking,
  moveFocus,
  offered,
  parseForm,
  pasteForm,
  presetForm,
  takeChoice,
} from './form.ts';
import { makePlan } from './planning.ts';
import { nextId, release } from './resources.ts';
import { startRun } from './run.ts';
import { toPhase, updateWizard } from './state.ts';
import type { Wizard } from './types.ts';

/** Why an operation cannot be started now; undefined when it can. */
export function operationDisabled(deck: Deck, entry: OperationEntry): string | undefined {
  if (entry.writes && deck.readOnly) return readOnlyWhy(deck);
  if (entry.ofProfile && deck.resolved.profileName === undefined)
    return 'this needs a profile: pgdeck profile add';
  return undefined;
}

export interface OpenOptions {
  /** What is filled in already. */
  readonly preset?: RawInput;
  /** What is given for the operation's first argument. */
  readonly argument?: string;
  /** What is given as on the command line, after the operation's name. */
  readonly words?: readonly string[];
}

/** Opens the wizard of an operation: the one that was left with its form half filled in, or a new one. */
export function openWizard(deck: Deck, entry: OperationEntry, options: OpenOptions = {}): void {
  const preset = [options.preset, options.argument, options.words].some((given) => given !== undefined);
  const left = deck.state.wizards.find((wizard) => wizard.entry === entry && wizard.phase.step === 'form');
  if (left && !preset) {
    // what was offered then may not be there any more
    const again = { ...left, form: { ...left.form, offers: {} } };
    updateWizard(deck, left.id, again);
    deck.open({ kind: 'wizard', wizard: left.id });
    askChoices(deck, again);
    return;
  }
  const id = nextId(deck);
  const wizard: Wizard = {
    id,
    entry,
    operation: undefined,
    form: EMPTY_FORM,
    phase: { step: 'loading' },
    scroll: 0,
  };
  deck.store.set({
    wizards: [...deck.state.wizards.filter((other) => other !== left), wizard],
    overlay: { kind: 'wizard', wizard: id },
  });
  void load(deck, id, entry, options);
}

async function load(deck: Deck, id: number, entry: OperationEntry, options: OpenOptions): Promise<void> {
  try {
    const operation = await entry.load();
    const words = options.words ?? (options.argument === undefined ? undefined : [options.argument]);
    const read = words && readWords(operation, words);
    const given = read === undefined ? options.preset : { ...read.input, ...options.preset };
    const form = given === undefined ? EMPTY_FORM : presetForm(operation, given);
    updateWizard(deck, id, { operation, form, phase: { step: 'form' } });
    const wizard = wizardById(deck.state, id);
    if (!wizard) return;
    askChoices(deck, wizard);
    if (options.preset !== undefined) askMeant(deck, wizard);
    if (read !== undefined && read.strange.length > 0) {
      deck.say(`${entry.id} takes no ${read.strange.join(' ')}.`, 'error');
      return;
    }
    // nothing is left to ask: what it would do is what somebody wants to see
    if (words !== undefined && parseForm(operation, form).ok) makePlan(deck, wizard);
  } catch (error) {
    updateWizard(deck, id, { phase: { step: 'failed', reason: sentenceOf(error) } });
  }
}

// --- the form -----------------------------------------------------------------------------------------------------

function changeForm(
  deck: Deck,
  change: (form: Form, operation: NonNullable<Wizard['operation']>) => Form,
): void {
  const wizard = openedWizard(deck.state);
  if (!wizard?.operation || wizard.phase.step !== 'form') return;
  const form = change(wizard.form, wizard.operation);
  if (form === wizard.form) return;
  deck.hush();
  updateWizard(deck, wizard.id, { form });
  askChoices(deck, { ...wizard, form });
}

export function nextField(deck: Deck, by: 1 | -1): void {
  changeForm(deck, (form, operation) => moveFocus(operation, form, by));
}

/** Down and up: through the choices of a field, and beyond them to the next and the one before. */
export function moveInForm(deck: Deck, by: number): void {
  changeForm(deck, (form, operation) => {
    const field = focusedField(operation, form);
    const last = field ? offered(field, form).length - 1 : -1;
    const from = field && by > 0 && form.index < 0 ? firstChoice(field, form) - 1 : form.index;
    const index = from + by;
    // the list is on its way: its first choice will be the one that is highlighted
    if (field && last < 0 && by > 0 && isAsking(field, form))
      return form.index === 0 ? form : { ...form, index: 0 };
    if (index >= 0 && form.index <= last && (index <= last || Math.abs(by) > 1))
      return last < 0 ? form : { ...form, index: Math.min(index, last) };
    if (index < 0 && form.index >= 0) return { ...form, index: -1 };
    return moveFocus(operation, form, Math.sign(by));
  });
}

/** A key that no action has. */
export function typeKey(deck: Deck, key: string): void {
  const wizard = openedWizard(deck.state);
  if (wizard?.phase.step === 'confirm') {
    if (wizard.phase.plan.danger !== 'type-name') return;
    const field = editField(wizard.phase.field, key);
    if (!field) return;
    deck.hush();
    deck.setField(field);
    return;
  }
  changeForm(deck, (form, operation) => editForm(operation, form, key));
}

export function pasteIntoWizard(deck: Deck, text: string): void {
  changeForm(deck, (form, operation) => pasteForm(operation, form, text));
}

/** Enter: takes the highlighted choice, adds what is typed to a list, or goes on to the plan. */
export function acceptForm(deck: Deck): void {
  const wizard = openedWizard(deck.state);
  const { operation, form } = wizard ?? {};
  if (!wizard || !operation || !form || wizard.phase.step !== 'form') return;
  const field = focusedField(operation, form);
  if (form.index >= 0 && !form.marking && field && offered(field, form)[form.index]) {
    changeForm(deck, (before) => takeChoice(operation, before));
    return;
  }
  // the choice that was gone to is not there yet
  if (form.index >= 0 && field && isAsking(field, form)) return;
  const added = addItem(operation, form);
  if (added) changeForm(deck, () => added);
  else makePlan(deck, wizard);
}

// --- the question -------------------------------------------------------------------------------------------------

/** Runs what was confirmed with a yes. */
export function confirmYes(deck: Deck): void {
  const wizard = openedWizard(deck.state);
  if (wizard?.phase.step === 'confirm' && wizard.phase.plan.danger === 'confirm')
    startRun(deck, wizard, wizard.phase.plan);
}

const NO_NAME = 'That is not the name; nothing was changed.';

/** Runs what was confirmed with its name, letter by letter. */
export function confirmName(deck: Deck): void {
  const wizard = openedWizard(deck.state);
  if (wizard?.phase.step !== 'confirm') return;
  const { plan: made, field } = wizard.phase;
  if (field.text === made.subject) startRun(deck, wizard, made);
  else {
    const said =
      field.text === '' ? `Type the name first; ${keyOr(deck, 'field.escape')} goes back.` : NO_NAME;
    deck.say(said, 'error', false, (state) => openedWizard(state)?.phase.step === 'confirm');
  }
}

// --- back ---------------------------------------------------------------------------------------------------------

/** One step back; out of the wizard from its form and from its result. What was typed is kept. */
export function wizardBack(deck: Deck): void {
  const wizard = openedWizard(deck.state);
  if (!wizard) {
    deck.open(undefined);
    return;
  }
  switch (wizard.phase.step) {
    case 'confirm': {
      const { plan: made, view, command } = wizard.phase;
      toPhase(deck, wizard, { step: 'plan', plan: made, view, command });
      return;
    }
    case 'planning':
    case 'plan':
    case 'failed':
      if (wizard.operation) toPhase(deck, wizard, { step: 'form' });
      else closeWizard(deck, wizard);
      return;
    case 'form':
      deck.open(undefined);
      void release(deck, wizard.id);
      return;
    case 'result':
      if (wizard.phase.run.end?.status === 'done') closeWizard(deck, wizard);
      else keepAnswers(deck, wizard);
      return;
    case 'loading':
      closeWizard(deck, wizard);
      return;
    case 'run':
      deck.open(undefined);
  }
}

/** What was given is there when the operation is opened again. */
function keepAnswers(deck: Deck, wizard: Wizard): void {
  toPhase(deck, wizard, { step: 'form' });
  deck.open(undefined);
  void release(deck, wizard.id);
}

function closeWizard(deck: Deck, wizard: Wizard): void {
  deck.store.set({
    overlay: undefined,
    wizards: deck.state.wizards.filter((other) => other !== wizard),
  });
  void release(deck, wizard.id);
}
