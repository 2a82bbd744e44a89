import type { InputField } from '../../../ops/fields.ts';
import type { AnyOperation } from '../../../ops/operation.ts';
import { cleanLine } from '../../../text/clean.ts';
import { type Line, lineWidth, span } from '../../../text/line.ts';
import { clip, fit, width, wrap } from '../../../text/width.ts';
import { type Marks, marksOf } from '../../lines/marks.ts';
import { windowOf } from '../../select.ts';
import { EMPTY_FIELD, fieldSpans } from '../../text-field.ts';
import {
  type Form,
  flagOf,
  focusedField,
  offered,
  pickedOf,
  problemOf,
  valuesOf,
  visibleFields,
} from '../form.ts';

/** Choices shown at once. */
const CHOICES = 7;
const WIDEST_TITLE = 24;

/** The fields one below the other; `focus` is the part that must be seen. */
export interface FormLines {
  readonly lines: readonly Line[];
  readonly focus: { readonly from: number; readonly to: number };
}

export function formLines(
  deck: { readonly ascii: boolean },
  operation: AnyOperation,
  form: Form,
  columns: number,
): FormLines {
  const marks = marksOf(deck);
  const fields = visibleFields(operation, form);
  const focused = focusedField(operation, form);
  const label =
    Math.min(WIDEST_TITLE, Math.floor(columns / 3), Math.max(0, ...fields.map((f) => width(f.title)))) + 2;
  const room = columns - label - 3;
  const lines: Line[] = [];
  let focus = { from: 0, to: 0 };
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
      span(fit(field.title, label, 'left', marks.more), own ? 'title' : undefined),
      ...valueSpans(field, form, own, room, marks),
    ]);
    if (own) lines.push(...below(hintOf(field), 'muted'));
    if (problem !== undefined) lines.push(...below(`${field.title} ${problem}`, 'alert'));
    if (own) lines.push(...choiceLines(field, form, label + 3, columns, marks));
    if (own) focus = { from, to: lines.length };
  }
  const general = problemOf(operation, form, undefined);
  if (general !== undefined && form.touched.size > 0)
    lines.push(
      [],
      ...wrap(cleanLine(general), columns - 4).map((part): Line => [span(`   ${part}`, 'alert')]),
    );
  return { lines, focus };
}

function hintOf(field: InputField): string {
  const keys = { flag: ' Space switches.', choice: ' Left and right choose.', list: ' Enter adds one more.' };
  const key = field.kind in keys ? keys[field.kind as keyof typeof keys] : '';
  const offers = field.choices && field.kind !== 'choice' ? ' Down chooses.' : '';
  return `${field.hint}${/[.!?]$/.test(field.hint) ? '' : '.'}${key}${offers}`;
}

function valueSpans(field: InputField, form: Form, own: boolean, room: number, marks: Marks): Line {
  const { more } = marks;
  if (field.kind === 'flag') {
    const on = flagOf(field, form);
    return [span(`[${on ? 'x' : ' '}]`, own ? 'selected' : undefined), span(on ? ' yes' : ' no', 'muted')];
  }
  if (field.kind === 'choice') return pickSpans(field, form, own, room);
  const text = form.texts[field.id] ?? EMPTY_FIELD;
  const items = (form.items[field.id] ?? []).map(cleanLine);
  const listed = items.length === 0 ? '' : `${items.join(', ')}${own || text.text !== '' ? ', ' : ''}`;
  const kept = clip(listed, Math.max(4, Math.floor(room * 0.6)), more);
  if (own) return [span(kept), ...fieldSpans('', text, room - width(kept)), ...placeholder(field, form)];
  if (listed === '' && text.text === '')
    return placeholder(field, form).map((one) => ({ ...one, text: one.text.trimStart() }));
  return [span(clip(`${listed}${cleanLine(text.text)}`, room, more))];
}

/** What holds when nothing is given. */
function placeholder(field: InputField, form: Form): Line {
  if ((form.texts[field.id]?.text ?? '') !== '' || (form.items[field.id]?.length ?? 0) > 0) return [];
  const { initial } = field;
  if (field.required) return [span(' needed', 'warn')];
  const empty = initial === undefined || (Array.isArray(initial) && initial.length === 0);
  return [span(empty ? ' not given' : ` ${cleanLine(String(initial))} (default)`, 'muted')];
}

function pickSpans(field: InputField, form: Form, own: boolean, room: number): Line {
  const picked = pickedOf(field, form);
  const name = (value: string) => (value === '' ? 'not given' : value);
  if (!own) return picked === '' && field.required ? [span('needed', 'warn')] : [span(name(picked))];
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

function choiceLines(field: InputField, form: Form, indent: number, columns: number, marks: Marks): Line[] {
  if (!field.choices || field.kind === 'choice') return [];
  const pad = ' '.repeat(Math.min(indent, 6));
  const offer = form.offers[field.id];
  const choices = offered(field, form);
  const say = (text: string): Line[] =>
    wrap(cleanLine(text), columns - pad.length - 1).map((part): Line => [span(`${pad}${part}`, 'muted')]);
  if (offer?.status === 'failed') return say(`The choices are not to be had: ${offer.reason ?? ''}`);
  if (choices.length === 0)
    return offer === undefined || offer.status === 'asking'
      ? say('asking what there is')
      : say(offer.choices.length === 0 ? 'There is nothing to choose from.' : 'None of the choices matches.');
  const { from, to } = windowOf(choices.length, Math.max(0, form.index), CHOICES);
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
