import { fieldsOf, type InputField, type Parsed, parseInput } from '../../ops/engine/fields.ts';
import type { AnyOperation, FieldChoice, RawInput } from '../../ops/engine/operation.ts';
import { characters } from '../../text/width.ts';
import { EMPTY_FIELD, editField, fieldOf, pasteField, type TextField } from '../core/text-field.ts';
import { flagOf, isOff, pickedOf, valuesOf } from './values.ts';

/** What the server or the disk offers for a field. */
export interface Offer {
  /** What else was given when it was asked for: with something else given it is asked for again. */
  readonly given: string;
  readonly status: 'asking' | 'ready' | 'failed';
  readonly choices: readonly FieldChoice[];
  readonly reason?: string;
}

/** What a person has typed, switched and chosen. */
export interface Form {
  /** Of text, numbers, and what is being typed for a list. */
  readonly texts: Readonly<Record<string, TextField>>;
  readonly items: Readonly<Record<string, readonly string[]>>;
  readonly flags: Readonly<Record<string, boolean>>;
  readonly picked: Readonly<Record<string, string>>;
  /** The field that keys go to; undefined: the first one. */
  readonly focus: string | undefined;
  /** The highlighted choice of that field; -1: none. */
  readonly index: number;
  /** Choices are taken with Space: Enter takes none besides. */
  readonly marking?: boolean;
  /** The choice of that field that is wanted: highlighted when the choices are there. */
  readonly wanted?: string | undefined;
  /** What was typed since the field was entered narrows the choices down; what stood there before does not. */
  readonly filtering: boolean;
  /** Fields whose problems are shown: somebody has been there. */
  readonly touched: ReadonlySet<string>;
  readonly offers: Readonly<Record<string, Offer>>;
}

export const EMPTY_FORM: Form = {
  texts: {},
  items: {},
  flags: {},
  picked: {},
  focus: undefined,
  index: -1,
  filtering: false,
  touched: new Set(),
  offers: {},
};

/** A form that is filled in already: keys go to the first field that needs an answer. */
export function presetForm(operation: AnyOperation, preset: RawInput): Form {
  let form = EMPTY_FORM;
  for (const { id, kind } of fieldsOf(operation)) {
    const given = preset[id];
    // of several rows a field that takes one leaves it to be asked which
    const value =
      Array.isArray(given) && kind !== 'list' ? (given.length === 1 ? given[0] : undefined) : given;
    if (value === undefined) continue;
    if (kind === 'list')
      form = { ...form, items: { ...form.items, [id]: Array.isArray(value) ? value : [String(value)] } };
    else if (kind === 'flag') form = { ...form, flags: { ...form.flags, [id]: value === true } };
    else if (kind === 'choice') form = { ...form, picked: { ...form.picked, [id]: String(value) } };
    else form = { ...form, texts: { ...form.texts, [id]: fieldOf(String(value)) } };
  }
  const next = visibleFields(operation, form).find(({ id }) => problemOf(operation, form, id) !== undefined);
  return next === undefined ? form : { ...form, focus: next.id };
}

/** What was given so far, as the operation's schema takes it. */
export function rawOf(operation: AnyOperation, form: Form): RawInput {
  const entries = fieldsOf(operation).map(({ id, kind }): [string, RawInput[string]] => {
    const text = form.texts[id]?.text ?? '';
    if (kind === 'flag') return [id, form.flags[id]];
    if (kind === 'choice') return [id, form.picked[id]];
    if (kind !== 'list') return [id, text.trim() === '' ? undefined : text];
    // what is typed and not yet added counts: going on must not lose it
    const items = [...(form.items[id] ?? []), ...(text.trim() === '' ? [] : [text.trim()])];
    return [id, items.length === 0 ? undefined : items];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ''));
}

/** What follows from a form, computed once; an empty form is the same object for every operation. */
interface Known {
  fields?: readonly InputField[];
  parsed?: Parsed;
}

const known = new WeakMap<AnyOperation, WeakMap<Form, Known>>();

function knownOf(operation: AnyOperation, form: Form): Known {
  const forms = known.get(operation) ?? new WeakMap<Form, Known>();
  known.set(operation, forms);
  const found = forms.get(form) ?? {};
  forms.set(form, found);
  return found;
}

/** The fields that are asked for with what was given so far. */
export function visibleFields(operation: AnyOperation, form: Form): readonly InputField[] {
  const about = knownOf(operation, form);
  if (!about.fields) {
    const raw = rawOf(operation, form);
    about.fields = fieldsOf(operation).filter((field) => field.when?.(raw) ?? true);
  }
  return about.fields;
}

export function parseForm(operation: AnyOperation, form: Form): Parsed {
  const about = knownOf(operation, form);
  about.parsed ??= parseInput(operation, rawOf(operation, form));
  return about.parsed;
}

/** What is wrong with a field; undefined when nothing is. */
export function problemOf(
  operation: AnyOperation,
  form: Form,
  field: string | undefined,
): string | undefined {
  const result = parseForm(operation, form);
  return result.ok ? undefined : result.problems.find((problem) => problem.field === field)?.message;
}

export function focusedField(operation: AnyOperation, form: Form): InputField | undefined {
  const fields = visibleFields(operation, form);
  return fields.find(({ id }) => id === form.focus) ?? fields[0];
}

/** Goes to another field; past the last one and before the first one is nothing. */
export function moveFocus(operation: AnyOperation, form: Form, by: number): Form {
  const fields = visibleFields(operation, form);
  const from = focusedField(operation, form);
  if (!from) return form;
  const to = fields[fields.indexOf(from) + by];
  return to ? enterField(form, to.id, from.id) : form;
}

export function enterField(form: Form, to: string, from?: string): Form {
  const touched = from === undefined ? form.touched : new Set([...form.touched, from]);
  const { [to]: offer, ...others } = form.offers;
  // what could not be read is asked for again
  const offers = offer?.status === 'failed' ? others : form.offers;
  return {
    ...form,
    offers,
    focus: to,
    index: -1,
    marking: false,
    wanted: undefined,
    filtering: false,
    touched,
  };
}

/** Whether the field has a text that is typed. */
export function isTyped({ kind }: InputField): boolean {
  return kind === 'text' || kind === 'number' || kind === 'list';
}

/** Whether what there is to choose from is still being asked for. */
export function isAsking({ id, kind, choices }: InputField, form: Form): boolean {
  return choices !== undefined && kind !== 'choice' && (form.offers[id]?.status ?? 'asking') === 'asking';
}

/** The choices of a field that match what is being typed, upper and lower case alike. */
export function offered(field: InputField, form: Form): readonly FieldChoice[] {
  const all = form.offers[field.id]?.choices ?? [];
  const text = form.texts[field.id]?.text.trim().toLowerCase() ?? '';
  if (text === '' || !form.filtering) return all;
  const words = text.split(/\s+/);
  return all.filter(({ value, hint }) => {
    const line = `${value} ${hint ?? ''}`.toLowerCase();
    return words.every((word) => line.includes(word));
  });
}

/** Where Down begins in the choices: at the first that is not taken yet, after the one that was taken last. */
export function firstChoice(field: InputField, form: Form): number {
  const taken = form.items[field.id] ?? [];
  const choices = offered(field, form);
  const last = choices.findIndex(({ value }) => value === taken.at(-1));
  const left = (from: number) => choices.findIndex(({ value }, at) => at >= from && !taken.includes(value));
  return [left(last + 1), left(0)].find((at) => at >= 0) ?? 0;
}

/** The form after a key that no action has; the same one when it means nothing here. */
export function editForm(operation: AnyOperation, form: Form, key: string): Form {
  const field = focusedField(operation, form);
  if (!field) return form;
  if (field.kind === 'flag') {
    const value = { space: !flagOf(field, form), y: true, n: false }[key];
    if (value === undefined) return form;
    return { ...form, flags: { ...form.flags, [field.id]: isOff(field) ? !value : value } };
  }
  if (field.kind === 'choice') return pickByKey(field, form, key);
  // a blank is the beginning of no name
  if (key === 'space' && form.index >= 0) return takeChoice(operation, form, field.kind === 'list');
  const text = form.texts[field.id] ?? EMPTY_FIELD;
  const items = form.items[field.id] ?? [];
  if (field.kind === 'list' && key === 'backspace' && text.text === '')
    return { ...form, items: { ...form.items, [field.id]: items.slice(0, -1) }, index: -1 };
  const edited = editField(text, key);
  return edited ? typeInto(form, field, edited) : form;
}

function typeInto(form: Form, field: InputField, text: TextField): Form {
  const changed = text.text !== (form.texts[field.id]?.text ?? '');
  return {
    ...form,
    texts: { ...form.texts, [field.id]: text },
    ...(changed && {
      index: -1,
      filtering: true,
      touched: new Set([...form.touched, field.id]),
    }),
  };
}

function pickByKey(field: InputField, form: Form, key: string): Form {
  const values = valuesOf(field);
  const at = values.indexOf(pickedOf(field, form));
  const next =
    key === 'space' || key === 'right'
      ? values[(at + 1) % values.length]
      : key === 'left'
        ? values[(Math.max(0, at) + values.length - 1) % values.length]
        : [...values.slice(at + 1), ...values.slice(0, at + 1)].find(
            (value) => value !== '' && value.startsWith(key),
          );
  return next === undefined ? form : { ...form, picked: { ...form.picked, [field.id]: next } };
}

/** Takes the highlighted choice: as the text, or into the list and out of it again. `keep`: it stays highlighted. */
export function takeChoice(operation: AnyOperation, form: Form, keep = false): Form {
  const field = focusedField(operation, form);
  const choice = field && offered(field, form)[form.index];
  if (!field || !choice) return form;
  if (field.kind !== 'list') {
    const texts = { ...form.texts, [field.id]: fieldOf(choice.value) };
    return moveFocus(operation, { ...form, texts, filtering: false, index: -1 }, 1);
  }
  const items = form.items[field.id] ?? [];
  const without = items.filter((item) => item !== choice.value);
  return {
    ...form,
    items: {
      ...form.items,
      [field.id]: without.length < items.length ? without : [...items, choice.value],
    },
    // with Space one after the other; else Down offers what is left. Enter plans instead of taking it out again
    index: keep ? Math.min(form.index + 1, offered(field, form).length - 1) : -1,
    marking: keep,
    // what was typed to find it has served
    ...(form.filtering && { texts: { ...form.texts, [field.id]: EMPTY_FIELD }, filtering: false, index: -1 }),
  };
}

/** Adds what is typed to the list of the field; undefined when there is nothing to add. */
export function addItem(operation: AnyOperation, form: Form): Form | undefined {
  const field = focusedField(operation, form);
  const text = field && form.texts[field.id]?.text.trim();
  if (field?.kind !== 'list' || !text) return undefined;
  return addItems(form, field, [text]);
}

function addItems(form: Form, field: InputField, more: readonly string[]): Form {
  const items = form.items[field.id] ?? [];
  return {
    ...form,
    items: { ...form.items, [field.id]: [...new Set([...items, ...more])] },
    texts: { ...form.texts, [field.id]: EMPTY_FIELD },
    index: -1,
    filtering: false,
    touched: new Set([...form.touched, field.id]),
  };
}

/** Pasted text: into the text that is typed; several lines are several items of a list. */
export function pasteForm(operation: AnyOperation, form: Form, text: string): Form {
  const field = focusedField(operation, form);
  if (!field || !isTyped(field)) return form;
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  const several = lines.filter((line) => characters(line).length > 0);
  if (field.kind === 'list' && several.length > 1) return addItems(form, field, several);
  return typeInto(form, field, pasteField(form.texts[field.id] ?? EMPTY_FIELD, text));
}
