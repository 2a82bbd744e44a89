import { problemText } from '../../ops/engine/fields.ts';
import { sentenceOf } from '../../ops/error.ts';
import type { Deck } from '../core/deck.ts';
import { keyOr, readOnlyWhy } from '../core/keys.ts';
import { openedWizard, wizardById } from '../core/state.ts';
import { EMPTY_FIELD } from '../core/text-field.ts';
import { askChoices } from './choices.ts';
import { commandLine } from './command.ts';
import { fieldFor } from './field-for.ts';
import { enterField, type Form, parseForm, problemOf, visibleFields } from './form.ts';
import { blocksOf, FOLDED, type WayOn, wayOn } from './plan-view.ts';
import { contextFor } from './resources.ts';
import { startRun } from './run.ts';
import { toPhase, updateWizard } from './state.ts';
import type { Wizard } from './types.ts';
import { titleOf } from './values.ts';
import { inConsole } from './words.ts';

/** Plans with what was given; where something is wrong with that, goes there. */
export function makePlan(deck: Deck, wizard: Wizard): void {
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
  const isWrong = (now: Form) => problemOf(operation, now, wrong?.id) !== undefined;
  const message = parsed.problems.find((problem) => problem.field === wrong?.id)?.message;
  const said = wrong
    ? problemText(`"${titleOf(wrong)}"`, message ?? 'is needed')
    : problemText(undefined, parsed.problems[0]?.message ?? 'Something is missing.');
  deck.say(inConsole(deck, said, operation), 'error', false, (state) => {
    const now = openedWizard(state);
    return now?.id === wizard.id && now.phase.step === 'form' && isWrong(now.form);
  });
}

async function plan(deck: Deck, wizard: Wizard, input: Readonly<Record<string, unknown>>): Promise<void> {
  const { operation } = wizard;
  if (!operation) return;
  const token = Symbol(wizard.entry.id);
  const awaited = () => {
    const now = wizardById(deck.state, wizard.id);
    return now?.phase.step === 'planning' && now.phase.token === token ? now : undefined;
  };
  toPhase(deck, wizard, { step: 'planning', token });
  try {
    const context = await contextFor(deck, wizard.id);
    const made = await operation.plan({ ...input }, context);
    const command = commandLine(operation, input, deck.resolved);
    const now = awaited();
    if (now) toPhase(deck, now, { step: 'plan', plan: made, view: FOLDED, command });
  } catch (error) {
    const now = awaited();
    if (now) toPhase(deck, now, { step: 'failed', reason: sentenceOf(error) });
  }
}

/** Why the plan that is shown cannot be run; undefined when it can. */
export function planDisabled(deck: Deck): string | undefined {
  const wizard = openedWizard(deck.state);
  const current = wizard?.phase;
  if (current?.step === 'failed')
    return wizard && fieldFor(current.reason, wizard.operation, wizard.form)
      ? undefined
      : `there is no plan; ${keyOr(deck, 'plan.back')} goes back`;
  if (current?.step !== 'plan') return 'the plan is not made yet';
  const blocked = current.plan.checks.filter(({ status }) => status === 'block');
  if (blocked.length > 0) {
    if (wizard && wayOn(current.plan, current.view, wizard.form, wizard.operation).kind !== 'none')
      return undefined;
    // several checks may have one title
    return `blocked by ${[...new Set(blocked.map(({ title }) => title))].join(', ')}`;
  }
  if (current.plan.writes && deck.readOnly) return readOnlyWhy(deck);
  if (current.plan.steps.length === 0) return 'there is nothing to do';
  return undefined;
}

/** From the plan to the question; to the run where nothing is asked; where something blocks, to what answers it. */
export function goOn(deck: Deck): void {
  const wizard = openedWizard(deck.state);
  if (!wizard || planDisabled(deck) !== undefined) return;
  if (wizard.phase.step === 'failed') {
    const field = fieldFor(wizard.phase.reason, wizard.operation, wizard.form);
    if (field) goToField(deck, wizard, field.id);
    return;
  }
  if (wizard.phase.step !== 'plan') return;
  const { plan: made, view, command } = wizard.phase;
  if (blocksOf(made).length > 0) answerBlock(deck, wizard, wayOn(made, view, wizard.form, wizard.operation));
  else if (made.danger === 'none') startRun(deck, wizard, made);
  else toPhase(deck, wizard, { step: 'confirm', plan: made, view, command, yes: false, field: EMPTY_FIELD });
}

function answerBlock(deck: Deck, wizard: Wizard, way: WayOn): void {
  if (way.kind === 'again') makePlan(deck, wizard);
  if (way.kind === 'field') goToField(deck, wizard, way.field.id, way.value);
}

/** The form, with the cursor on a field, and on the choice of it that is wanted. */
function goToField(deck: Deck, wizard: Wizard, field: string, wanted?: string): void {
  const { offers, ...rest } = enterField(wizard.form, field);
  const { [field]: _, ...others } = offers;
  const form = { ...rest, offers: others, wanted };
  updateWizard(deck, wizard.id, { form, phase: { step: 'form' }, scroll: 0 });
  askChoices(deck, { ...wizard, form });
}

export function copyCommand(deck: Deck): void {
  const current = openedWizard(deck.state)?.phase;
  if (current?.step === 'plan') deck.copy(current.command, 'The command was');
}

/** Plans what has failed once more, with the same answers. */
export function planAgain(deck: Deck): void {
  const wizard = openedWizard(deck.state);
  if (wizard?.phase.step === 'result') makePlan(deck, wizard);
}
