import { fieldsOf, type InputField } from '../../ops/engine/fields.ts';
import { sentenceOf } from '../../ops/error.ts';
import type { Deck } from '../core/deck.ts';
import { wizardById } from '../core/state.ts';
import { fieldOf } from '../core/text-field.ts';
import { type Form, focusedField, type Offer, offered, rawOf } from './form.ts';
import { contextFor } from './resources.ts';
import { updateWizard } from './state.ts';
import type { Wizard } from './types.ts';
import { inConsole } from './words.ts';

/**
 * The choice that the cursor is on when they have come: the one it was on; where nothing is given yet, what is meant by
 * most, or what a plan has asked for.
 */
function highlighted(before: Form, form: Form, field: InputField): number {
  const choices = offered(field, form);
  const empty = rawText(form, field.id) === '' && (form.items[field.id] ?? []).length === 0;
  const usual = before.index < 0 && empty ? choices.findIndex((choice) => choice.usual === true) : -1;
  const wanted = form.wanted === undefined ? -1 : choices.findIndex(({ value }) => value === form.wanted);
  return [wanted, usual].find((at) => at >= 0) ?? Math.min(form.index, choices.length - 1);
}

const rawText = ({ texts }: Form, id: string): string => texts[id]?.text ?? '';

/** Asks for what there is to choose from in the field that keys go to, unless that is known. Never waits. */
export function askChoices(deck: Deck, wizard: Wizard): void {
  const { operation, form } = wizard;
  const field = operation && focusedField(operation, form);
  if (!operation || !field?.choices || field.kind === 'choice') return;
  const { [field.id]: _, ...others } = rawOf(operation, form);
  const given = JSON.stringify(others);
  const known = form.offers[field.id];
  if (known?.given === given) return;
  const { choices } = field;
  const put = (offer: Offer) => {
    const now = wizardById(deck.state, wizard.id);
    // with other values given meanwhile, another answer is on its way
    if (!now || (offer.status !== 'asking' && now.form.offers[field.id]?.given !== given)) return;
    const form = { ...now.form, offers: { ...now.form.offers, [field.id]: offer } };
    const here = offer.status !== 'asking' && focusedField(operation, form)?.id === field.id;
    // fewer than there were, or none: what is highlighted must be there
    const index = here ? highlighted(now.form, form, field) : form.index;
    updateWizard(deck, wizard.id, { form: { ...form, index } });
  };
  put({ given, status: 'asking', choices: known?.choices ?? [] });
  contextFor(deck, wizard.id)
    .then((context) => choices(context, others))
    .then(
      (found) => put({ given, status: 'ready', choices: found }),
      (error) =>
        put({ given, status: 'failed', choices: [], reason: inConsole(deck, sentenceOf(error), operation) }),
    );
}

/** Asks what the rows of a screen stand for that have filled in a form, and fills in that instead. Never waits. */
export function askMeant(deck: Deck, { id: wizard, operation, form }: Wizard): void {
  for (const { id, meant } of operation === undefined ? [] : fieldsOf(operation)) {
    const row = rawText(form, id);
    if (meant === undefined || row === '') continue;
    contextFor(deck, wizard)
      .then((context) => meant(context, row))
      .then((found) => {
        const now = wizardById(deck.state, wizard);
        // somebody has typed something else by now, or gone on
        if (found === undefined || now?.phase.step !== 'form' || rawText(now.form, id) !== row) return;
        const changed = { ...now.form, texts: { ...now.form.texts, [id]: fieldOf(found.value) } };
        updateWizard(deck, wizard, { form: changed });
        deck.say(found.why);
        askChoices(deck, { ...now, form: changed });
      })
      // the plan says what is wrong with it
      .catch(() => undefined);
  }
}
