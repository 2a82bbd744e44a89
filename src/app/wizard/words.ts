import { fieldsOf, type InputField } from '../../ops/engine/fields.ts';
import type { AnyOperation } from '../../ops/engine/operation.ts';
import { OPERATIONS } from '../../ops/registry.ts';

/** An option of the command line, not a part of a longer one. */
const optionIn = (option: string) => new RegExp(`(?<![\\w-])${option}(?![\\w-])`, 'g');

/** What has a key of its own, and what is typed after `:`. */
const KEYS: Readonly<Record<string, string>> = {
  'runs list': '8 (Operations)',
  'runs show': '8 (Operations)',
  ...Object.fromEntries(OPERATIONS.filter(({ ownKeys }) => ownKeys !== true).map(({ id }) => [id, `:${id}`])),
};

/** One of pgdeck's own commands, with a run, a version or a name behind it; one with options is for a shell. */
const COMMAND = new RegExp(
  `\\bpgdeck (${Object.keys(KEYS)
    .sort((a, b) => b.length - a.length)
    .join('|')})(?![\\w-])( [\\w.:-]*[\\d_][\\w:-]*)?(?! --?\\w)`,
  'g',
);

/**
 * What was written for a command line, as the console calls it: an option is a field of the form, a command that has a
 * wizard is what is typed after `:`. Any other command is for a shell, and stays as it is to the end of its line.
 */
export function inConsole(text: string, operation: AnyOperation | undefined): string {
  const fields = operation === undefined ? [] : fieldsOf(operation);
  return text
    .split('\n')
    .map((line) => {
      const told = line.replace(COMMAND, asKeys);
      const shell = shellPart(told);
      const said = told.slice(0, told.length - shell.length);
      return (
        fields.reduce((own, field) => own.replace(optionIn(field.option), () => fieldName(field)), said) +
        shell
      );
    })
    .join('\n');
}

/** The command at the end of a line. */
const shellPart = (line: string): string => /\bpgdeck -?\w.*$/.exec(line)?.[0] ?? '';

/** `"Lock timeout"`; of one that is switched off, `"Safety backup" off`. */
function fieldName(field: InputField): string {
  const off = field.kind === 'flag' && field.option.startsWith('--no-') && field.asks !== undefined;
  return off ? `"${field.asks?.title}" off` : `"${field.title}"`;
}

function asKeys(_: string, words: string, argument = ''): string {
  const key = KEYS[words] ?? words;
  return key.startsWith(':') ? `${key}${argument}` : key;
}

/** The field of the form that a sentence for the command line names first. */
export function fieldNamed(text: string, operation: AnyOperation | undefined): InputField | undefined {
  const said = text
    .split('\n')
    .map((line) => line.slice(0, line.length - shellPart(line).length))
    .join('\n');
  const found = (operation === undefined ? [] : fieldsOf(operation)).map((field) => ({
    field,
    at: said.search(optionIn(field.option)),
  }));
  return found.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0]?.field;
}
