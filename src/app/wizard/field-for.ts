import { fieldsOf, type InputField } from '../../ops/engine/fields.ts';
import type { AnyOperation } from '../../ops/engine/operation.ts';
import { fieldNamed } from './command-words.ts';
import { type Form, rawOf } from './form.ts';

/** The field that answers why there is no plan: one that is named, else the one whose value is what is told of first. */
export function fieldFor(
  reason: string,
  operation: AnyOperation | undefined,
  form: Form,
): InputField | undefined {
  const named = fieldNamed(reason, operation);
  if (named !== undefined || operation === undefined) return named;
  const raw = rawOf(operation, form);
  // behind the first sentence stand commands, which name the directory and the server too
  const told = `${reason.split(/\. |\n/)[0]} `;
  const found = fieldsOf(operation).flatMap((field) => {
    const values = [raw[field.id]].flat().filter((value) => typeof value === 'string' && value !== '');
    return values.map((value) => ({ field, at: told.search(wordOf(String(value))) }));
  });
  return found.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0]?.field;
}

const wordOf = (value: string): RegExp =>
  new RegExp(`(?<![\\w/.-])${value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?![\\w/-])`);
