import type { InputField } from '../../ops/engine/fields.ts';

/** What of a form was switched and chosen. */
interface Given {
  readonly flags: Readonly<Record<string, boolean>>;
  readonly picked: Readonly<Record<string, string>>;
}

/** The values of a field with a fixed set; nothing chosen comes first where that is allowed. */
export function valuesOf({ values = [], required, initial }: InputField): readonly string[] {
  return required || initial !== undefined ? values : ['', ...values];
}

/** The value that holds now of a field with a fixed set. */
export function pickedOf(field: InputField, form: Given): string {
  return form.picked[field.id] ?? (field.initial === undefined ? '' : String(field.initial));
}

/** Whether what the form asks for is on: of a flag that switches something off, that thing. */
export function flagOf(field: InputField, form: Given): boolean {
  const value = form.flags[field.id] ?? field.initial === true;
  return isOff(field) ? !value : value;
}

/** Whether the flag is given to switch off what is on without it. */
export const isOff = ({ asks, initial }: InputField) => asks !== undefined && initial !== true;

/** What the form calls a field. */
export function titleOf({ asks, title }: InputField): string {
  return asks?.title ?? title;
}
