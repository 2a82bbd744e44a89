import { home } from '../../../config/libpq/env.ts';
import { machine } from '../../../hosts/machine.ts';
import { type InputField, problemText } from '../../../ops/engine/fields.ts';
import type { AnyOperation, Known, RawInput } from '../../../ops/engine/operation.ts';
import { cleanLine } from '../../../text/clean.ts';
import { type Line, lineWidth, type Span, span } from '../../../text/line.ts';
import { characters, clip, fit, width, wrap } from '../../../text/width.ts';
import type { Deck } from '../../core/deck.ts';
import { type Glyphs, glyphsOf } from '../../core/glyphs.ts';
import { type Keys, keyName, keyOr } from '../../core/keys.ts';
import { EMPTY_FIELD, fieldSpans } from '../../core/text-field.ts';
import { windowOf } from '../../views/select.ts';
import { type Form, firstChoice, focusedField, offered, problemOf, rawOf, visibleFields } from '../form.ts';
import { flagOf, pickedOf, titleOf, valuesOf } from '../values.ts';
import { inConsole } from '../words.ts';

/** Choices shown at once. */
const CHOICES = 7;
const WIDEST_TITLE = 24;

/** The fields one below the other; `focus` is the part that must be seen. */
export interface FormLines {
  readonly lines: readonly Line[];
  readonly focus: { readonly from: number; readonly to: number };
}

export function formLines(
  deck: Pick<Deck, 'actions' | 'ascii' | 'env' | 'resolved'>,
  operation: AnyOperation,
  form: Form,
  columns: number,
): FormLines {
  const marks = glyphsOf(deck);
  const raw = rawOf(operation, form);
  const known = knownOf(deck);
  const fields = visibleFields(operation, form);
  const focused = focusedField(operation, form);
  const general = problemOf(operation, form, undefined);
  const label =
    Math.min(WIDEST_TITLE, Math.floor(columns / 3), Math.max(0, ...fields.map((f) => width(titleOf(f))))) + 2;
  const room = columns - label - 3;
  const lines: Line[] = [];
  let focus = { from: 0, to: 0 };
  const none = (field: InputField) => {
    const text = field.none?.(known, raw);
    return text && inConsole(deck, text, operation);
  };
  const below = (text: string, tone: 'muted' | 'alert') =>
    wrap(cleanLine(text), Math.max(10, room)).map(
      (part): Line => [span(' '.repeat(label + 3)), span(part, tone)],
    );
  for (const field of fields) {
    const from = lines.length;
    const own = field === focused;
    const problem = form.touched.has(field.id) ? problemOf(operation, form, field.id) : undefined;
    lines.push([
      span(own ? ` ${marks.cursor} ` : '   ', 'accent'),
      span(fit(titleOf(field), label, 'left', marks.more), own ? 'title' : undefined),
      ...valueSpans(field, form, own, room, marks, standardOf(field, known, raw)),
    ]);
    if (own) lines.push(...below(hintOf(deck, field), 'muted'));
    if (problem !== undefined) lines.push(...below(problemText(`"${titleOf(field)}"`, problem), 'alert'));
    // what is wrong between fields is seen where somebody is
    if (own && general !== undefined && form.touched.size > 0)
      lines.push(...below(inConsole(deck, general, operation), 'alert'));
    if (own) lines.push(...choiceLines(field, form, label + 3, columns, marks, none(field)));
    if (own) focus = { from, to: lines.length };
  }
  return { lines, focus };
}

function knownOf({ env, resolved }: Pick<Deck, 'env' | 'resolved'>): Known {
  return { env, home: home(env), backup: resolved.backup, target: resolved.target, host: machine };
}

/** What holds of a field when nothing is given. */
function standardOf({ standard, initial }: InputField, known: Known, raw: RawInput): string | undefined {
  if (standard) return cleanLine(standard(known, raw));
  const none = initial === undefined || (Array.isArray(initial) && initial.length === 0);
  return none ? undefined : cleanLine(String(initial));
}

/** What a field is, and which keys serve it. A default stands in the field itself. */
function hintOf(keys: Keys, field: InputField): string {
  const [down, enter] = [keyOr(keys, 'form.down'), keyOr(keys, 'form.enter')];
  const offers = field.choices !== undefined;
  const serves = {
    flag: ` ${keyName('space')} switches it.`,
    choice: ` ${keyName('left', keys.ascii)} and ${keyName('right', keys.ascii)} choose.`,
    list: `${offers ? ` ${down}, then ${keyName('space')} or ${enter}, chooses` : ` ${enter} adds it`}; ${keyName('backspace')} removes the last.`,
    text: offers ? ` ${down} chooses.` : '',
    number: offers ? ` ${down} chooses.` : '',
  };
  const own = field.asks?.hint ?? field.hint;
  const hint = field.standard ? own.replace(/ \(default: [^()]*\)$/, '') : own;
  return `${hint}${/[.!?]$/.test(hint) ? '' : '.'}${serves[field.kind]}`;
}

function valueSpans(
  field: InputField,
  form: Form,
  own: boolean,
  room: number,
  marks: Glyphs,
  standard: string | undefined,
): Line {
  const { more } = marks;
  if (field.kind === 'flag') {
    const on = flagOf(field, form);
    return [span(`[${on ? 'x' : ' '}]`, own ? 'selected' : undefined), span(on ? ' yes' : ' no', 'muted')];
  }
  if (field.kind === 'choice') return pickSpans(field, form, own, room, standard);
  const text = form.texts[field.id] ?? EMPTY_FIELD;
  const items = (form.items[field.id] ?? []).map(cleanLine);
  const listed = items.length === 0 ? '' : `${items.join(', ')}${own || text.text !== '' ? ', ' : ''}`;
  const kept = clip(listed, Math.max(4, Math.floor(room * 0.6)), more);
  const empty = text.text === '' && items.length === 0;
  const holds = (cells: number) => (empty ? [placeholder(field, standard, cells, more)] : []);
  if (own)
    return [
      span(kept),
      ...fieldSpans('', text, room - width(kept), field.secret === true),
      span(' '),
      ...holds(room - width(kept) - 2),
    ];
  if (empty) return holds(room);
  const shown = field.secret === true ? '*'.repeat(characters(text.text).length) : cleanLine(text.text);
  return [span(clip(`${listed}${shown}`, room, more))];
}

/** What holds when nothing is given. */
function placeholder(
  { required }: InputField,
  standard: string | undefined,
  cells: number,
  more: string,
): Span {
  if (required) return span('needed', 'warn');
  return span(clip(standardText(standard), cells, more), 'muted');
}

function standardText(standard: string | undefined): string {
  return standard === undefined ? 'none' : `${standard} (default)`;
}

function pickSpans(
  field: InputField,
  form: Form,
  own: boolean,
  room: number,
  standard: string | undefined,
): Line {
  const picked = pickedOf(field, form);
  const nothing = standardText(standard);
  const name = (value: string) => (value === '' ? nothing : value);
  if (!own) {
    if (picked === '' && field.required) return [span('needed', 'warn')];
    return [span(name(picked), picked === '' ? 'muted' : undefined)];
  }
  const values = valuesOf(field);
  const all = values.flatMap(
    (value): Line => [value === picked ? span(`[${name(value)}]`, 'selected') : span(` ${name(value)} `)],
  );
  if (lineWidth(all) <= room) return all;
  return [
    span(`[${name(picked)}]`, 'selected'),
    span(`  ${values.indexOf(picked) + 1} of ${values.length}`, 'muted'),
  ];
}

function choiceLines(
  field: InputField,
  form: Form,
  indent: number,
  columns: number,
  marks: Glyphs,
  none = 'There is nothing to choose from.',
): Line[] {
  if (!field.choices || field.kind === 'choice') return [];
  const pad = ' '.repeat(Math.min(indent, 6));
  const offer = form.offers[field.id];
  const choices = offered(field, form);
  const say = (text: string): Line[] =>
    wrap(cleanLine(text), columns - pad.length - 1).map((part): Line => [span(`${pad}${part}`, 'muted')]);
  if (offer?.status === 'failed') return say(`Cannot list choices: ${offer.reason ?? ''}`);
  if (choices.length === 0)
    return offer === undefined || offer.status === 'asking'
      ? say('Listing choices.')
      : say(offer.choices.length === 0 ? none : 'No choice matches.');
  const seen = form.index < 0 ? firstChoice(field, form) : form.index;
  const { from, to } = windowOf(choices.length, seen, CHOICES);
  const chosen = new Set(form.items[field.id] ?? []);
  const shown = choices.slice(from, to);
  const value = Math.min(
    Math.floor(columns * 0.55),
    Math.max(...shown.map((choice) => width(cleanLine(choice.value)))),
  );
  const rows = shown.map((choice, i): Line => {
    const at = from + i === form.index;
    const gutter = `${at ? marks.cursor : ' '}${chosen.has(choice.value) ? marks.marked : ' '} `;
    return [
      span(`${pad}${gutter}`, at ? 'accent' : undefined),
      span(fit(cleanLine(choice.value), value, 'left', marks.more), at ? 'selected' : undefined),
      span(choice.hint === undefined ? '' : `  ${cleanLine(choice.hint)}`, 'muted'),
    ];
  });
  const hidden = choices.length - shown.length;
  return [...rows, ...(hidden > 0 ? say(`   ${hidden} more; type to find`) : [])];
}
