import { fieldsOf, type InputField } from '../../ops/engine/fields.ts';
import type { AnyOperation } from '../../ops/engine/operation.ts';
import { type Keys, keyFor } from '../core/keys.ts';
import { screenOf } from '../views/registry.ts';
import { optionIn, partsOf, SCREENED, TYPED } from './command-words.ts';

/**
 * What was written for a command line, as the console calls it: an option is a field of the form, a command is a key or
 * what is typed after `:`. Several in one line, and what the console has not, are for a shell and stay as they are.
 */
export function inConsole(keys: Keys, text: string, operation: AnyOperation | undefined): string {
  const called = (words: string, given: string) => asKeys(keys, words, given);
  return text
    .split('\n')
    .map((line) =>
      partsOf(line, called)
        .map((part) => (typeof part === 'string' ? part : said(part.text, operation)))
        .join(''),
    )
    .join('\n');
}

const said = (text: string, operation: AnyOperation | undefined): string =>
  (operation === undefined ? [] : fieldsOf(operation)).reduce(
    (own, field) => own.replace(optionIn(field.option), () => fieldName(field)),
    text,
  );

/** `"Lock timeout"`; of one that is switched off, `"Safety backup" off`. */
function fieldName(field: InputField): string {
  const off = field.kind === 'flag' && field.option.startsWith('--no-') && field.asks !== undefined;
  return off ? `"${field.asks?.title}" off` : `"${field.title}"`;
}

/** `2 (Activity)`, or `:vacuum public.t`. */
function asKeys(keys: Keys, words: string, given: string): string {
  const screen = SCREENED[words];
  if (screen === undefined) return `${TYPED[words] ?? words}${given}`;
  const key = keyFor(keys, `screen.${screen}`);
  const { title } = screenOf(screen);
  return key === undefined ? `:${screen}` : `${key} (${title})`;
}
