import type { OperationEntry, RawInput } from '../../ops/engine/operation.ts';
import { sentenceOf } from '../../ops/error.ts';
import type { Deck } from '../core/deck.ts';
import { openedWizard, wizardById } from '../core/state.ts';
import { EMPTY_FIELD, editField } from '../core/text-field.ts';
import { askChoices } from './choices.ts';
import { commandLine } from './command.ts';
import {
  addItem,
  EMPTY_FORM,
  editForm,
  enterField,
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
  visibleFields,
} from './form.ts';
import { contextFor, nextId, release } from './resources.ts';
import { startRun } from './run.ts';
import { updateWizard } from './state.ts';
import type { Phase, Wizard } from './types.ts';

/** Why an operation cannot be started now; undefined when it can. */
export function operationDisabled(deck: Deck, entry: OperationEntry): string | undefined {
  if (entry.writes && deck.readOnly) return 'read-only: start with --no-read-only to use it';
  return undefined;
}

export interface OpenOptions {
  /** What is filled in already. */
  readonly preset?: RawInput;
  /** What is given for the operation's first argument. */
  readonly argument?: string;
}

/** Opens the wizard of an operation: the one that was left with its form half filled in, or a new one. */
export function openWizard(deck: Deck, entry: OperationEntry, options: OpenOptions = {}): void {
  const preset = options.preset !== undefined || options.argument !== undefined;
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
    const argument = Object.entries(operation.fields).find(([, field]) => field.argument)?.[0];
    const given =
      argument !== undefined && options.argument !== undefined
        ? { [argument]: options.argument, ...options.preset }
        : options.preset;
    const form = given === undefined ? EMPTY_FORM : presetForm(operation, given);
    updateWizard(deck, id, { operation, form, phase: { step: 'form' } });
    const wizard = wizardById(deck.state, id);
    if (!wizard) return;
    askChoices(deck, wizard);
    // nothing is left to ask: what it would do is what somebody wants to see
    if (options.argument !== undefined && parseForm(operation, form).ok) makePlan(deck, wizard);
  } catch (error) {
    updateWizard(deck, id, { phase: { step: 'failed', reason: sentenceOf(error) } });
  }
}

function phase(deck: Deck, { id }: Wizard, next: Phase): void {
  updateWizard(deck, id, { phase: next, scroll: 0 });
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
  if (form.index >= 0 && field && offered(field, form)[form.index]) {
    changeForm(deck, (before) => takeChoice(operation, before));
    return;
  }
  // the choice that was gone to is not there yet
  if (form.index >= 0 && field && isAsking(field, form)) return;
  const added = addItem(operation, form);
  if (added) changeForm(deck, () => added);
  else makePlan(deck, wizard);
}

// --- the plan -----------------------------------------------------------------------------------------------------

/** Plans with what was given; where something is wrong with that, goes there. */
function makePlan(deck: Deck, wizard: Wizard): void {
  const { operation, form } = wizard;
  if (!operation) return;
  const parsed = parseForm(operation, form);
  if (parsed.ok) {
    void plan(deck, wizard, parsed.input);
    return;
  }
  const fields = visibleFields(operation, form);
  const wrong = fields.find(({ id }) => parsed.problems.some((problem) => problem.field === id));
  const touched = new Set([...form.touched, ...fields.map(({ id }) => id)]);
  updateWizard(deck, wizard.id, { form: { ...(wrong ? enterField(form, wrong.id) : form), touched } });
  const message = parsed.problems.find((problem) => problem.field === wrong?.id)?.message;
  deck.say(
    wrong ? `${wrong.title} ${message}.` : (parsed.problems[0]?.message ?? 'Something is missing.'),
    'error',
  );
}

async function plan(deck: Deck, wizard: Wizard, input: Readonly<Record<string, unknown>>): Promise<void> {
  const { operation } = wizard;
  if (!operation) return;
  const token = Symbol(wizard.entry.id);
  const awaited = () => {
    const now = wizardById(deck.state, wizard.id);
    return now?.phase.step === 'planning' && now.phase.token === token ? now : undefined;
  };
  phase(deck, wizard, { step: 'planning', token });
  try {
    const context = await contextFor(deck, wizard.id);
    const made = await operation.plan({ ...input }, context);
    const command = commandLine(operation, input, deck.resolved);
    const now = awaited();
    if (now) phase(deck, now, { step: 'plan', plan: made, command });
  } catch (error) {
    const now = awaited();
    if (now) phase(deck, now, { step: 'failed', reason: sentenceOf(error) });
  }
}

/** Why the plan that is shown cannot be run; undefined when it can. */
export function planDisabled(deck: Deck): string | undefined {
  const current = openedWizard(deck.state)?.phase;
  if (current?.step === 'failed') return 'there is no plan; Esc goes back';
  if (current?.step !== 'plan') return 'the plan is not made yet';
  const blocked = current.plan.checks.filter(({ status }) => status === 'block');
  // several checks may have one title
  const titles = new Set(blocked.map(({ title }) => title));
  if (titles.size > 0) return `something is in the way: ${[...titles].join(', ')}`;
  if (current.plan.writes && deck.readOnly)
    return 'read-only: start with --no-read-only, or change the profile';
  return undefined;
}

/** From the plan to the question; to the run where nothing is asked. */
export function goOn(deck: Deck): void {
  const wizard = openedWizard(deck.state);
  if (wizard?.phase.step !== 'plan' || planDisabled(deck) !== undefined) return;
  const { plan: made, command } = wizard.phase;
  if (made.danger === 'none') startRun(deck, wizard, made);
  else phase(deck, wizard, { step: 'confirm', plan: made, command, yes: false, field: EMPTY_FIELD });
}

export function copyCommand(deck: Deck): void {
  const current = openedWizard(deck.state)?.phase;
  if (current?.step === 'plan') deck.copy(current.command, 'The command was');
}

// --- the question -------------------------------------------------------------------------------------------------

/** Runs what was confirmed with a yes. */
export function confirmYes(deck: Deck): void {
  const wizard = openedWizard(deck.state);
  if (wizard?.phase.step === 'confirm' && wizard.phase.plan.danger === 'confirm')
    startRun(deck, wizard, wizard.phase.plan);
}

/** Runs what was confirmed with its name, letter by letter. */
export function confirmName(deck: Deck): void {
  const wizard = openedWizard(deck.state);
  if (wizard?.phase.step !== 'confirm') return;
  const { plan: made, field } = wizard.phase;
  if (field.text === made.subject) startRun(deck, wizard, made);
  else if (field.text === '') deck.say('Type the name first; Esc goes back.', 'error');
  else deck.say('That is not the name; nothing was done.', 'error');
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
      const { plan: made, command } = wizard.phase;
      phase(deck, wizard, { step: 'plan', plan: made, command });
      return;
    }
    case 'planning':
    case 'plan':
    case 'failed':
      if (wizard.operation) phase(deck, wizard, { step: 'form' });
      else closeWizard(deck, wizard);
      return;
    case 'form':
      deck.open(undefined);
      void release(deck, wizard.id);
      return;
    case 'loading':
    case 'result':
      closeWizard(deck, wizard);
      return;
    case 'run':
      deck.open(undefined);
  }
}

function closeWizard(deck: Deck, wizard: Wizard): void {
  deck.store.set({
    overlay: undefined,
    wizards: deck.state.wizards.filter((other) => other !== wizard),
  });
  void release(deck, wizard.id);
}
