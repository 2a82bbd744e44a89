import { fieldsOf, type InputField } from '../../ops/engine/fields.ts';
import type { AnyOperation } from '../../ops/engine/operation.ts';
import { OPERATIONS } from '../../ops/registry.ts';
import { type Keys, keyFor } from '../core/keys.ts';
import { screenOf } from '../views/registry.ts';

/** An option of the command line, not a part of a longer one. */
const optionIn = (option: string) => new RegExp(`(?<![\\w-])${option}(?![\\w-])`, 'g');

/** What has a screen with a key. */
const SCREENED: Readonly<Record<string, string>> = {
  'runs list': 'operations',
  'runs show': 'operations',
  'show activity': 'activity',
  'show locks': 'locks',
  'show tables': 'tables',
  'show indexes': 'indexes',
  'show statements': 'statements',
  'show replication': 'replication',
  health: 'health',
};

/** What is typed after `:` for the others. Commands that are for a shell only are not here. */
const TYPED: Readonly<Record<string, string>> = {
  'show database': ':databases',
  'show progress': ':progress',
  'show fleet': ':fleet',
  space: ':space',
  settings: ':settings',
  // its form lists them
  'backups list': ':restore',
  'migrate status': ':migrate verify',
  ...Object.fromEntries(OPERATIONS.map(({ id }) => [id, `:${id}`])),
};

/** A word as {@link file://../../text/shell.ts shellWord} writes it. */
const QUOTED = String.raw`\$?'(?:[^'\\]|\\.|'\\'')*'`;
/** The options that {@link file://../../ops/engine/connection.ts connectionWords} writes: the console is connected there. */
const CONNECTION = String.raw`(?:(?:-[hpUd]|--config|--profile) (?:${QUOTED}|[^\s']+) |--no-read-only )*`;
/** An option with its value, or an argument: quoted, a name of a place (`NAME`), or with a digit or `_` in it. */
const VALUE = String.raw`(?:${QUOTED}|[^\s'(),;]*[^\s'(),;.:])`;
const GIVEN = String.raw` (?:--[\w-]+(?: (?!-)${VALUE})?|${QUOTED}|[A-Z]+\b|[\w.:-]*[\d_][\w:-]*)`;

/** One of pgdeck's own commands, with what it is given. */
const COMMAND = new RegExp(
  String.raw`\bpgdeck ${CONNECTION}(${[...Object.keys(SCREENED), ...Object.keys(TYPED)]
    .sort((a, b) => b.length - a.length)
    .join('|')})(?![\w-])((?:${GIVEN})*)`,
  'g',
);

/**
 * What was written for a command line, as the console calls it: an option is a field of the form, a command is a key or
 * what is typed after `:`. Several in one line, and what the console has not, are for a shell and stay as they are.
 */
export function inConsole(keys: Keys, text: string, operation: AnyOperation | undefined): string {
  return text
    .split('\n')
    .map((line) =>
      partsOf(keys, line)
        .map((part) => (typeof part === 'string' ? part : said(part.text, operation)))
        .join(''),
    )
    .join('\n');
}

/** A line in pieces: commands as they are called here, and what stands between them. */
function partsOf(keys: Keys | undefined, line: string): (string | { readonly text: string })[] {
  if (line.includes('&& pgdeck ')) return shellParts(line);
  const parts: (string | { readonly text: string })[] = [];
  let from = 0;
  for (const found of line.matchAll(COMMAND)) {
    const [whole, words = '', given = ''] = found;
    parts.push({ text: line.slice(from, found.index) }, asKeys(keys, words, given));
    from = found.index + whole.length;
  }
  return [...parts, ...shellParts(line.slice(from))];
}

/** Any other command is for a shell, to the end of its line. */
function shellParts(line: string): (string | { readonly text: string })[] {
  const shell = /\bpgdeck -?\w.*$/.exec(line)?.[0] ?? '';
  return [{ text: line.slice(0, line.length - shell.length) }, shell];
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

/** `2 (Activity)` or `:vacuum public.t`; nothing where nobody reads it. */
function asKeys(keys: Keys | undefined, words: string, given: string): string {
  const screen = SCREENED[words];
  if (screen === undefined) return `${TYPED[words] ?? words}${given}`;
  if (keys === undefined) return '';
  const key = keyFor(keys, `screen.${screen}`);
  const { title } = screenOf(screen);
  return key === undefined ? `:${screen}` : `${key} (${title})`;
}

/** The field of the form that a sentence for the command line names first. */
export function fieldNamed(text: string, operation: AnyOperation | undefined): InputField | undefined {
  const told = text
    .split('\n')
    .map((line) =>
      partsOf(undefined, line)
        .map((part) => (typeof part === 'string' ? '' : part.text))
        .join(''),
    )
    .join('\n');
  const found = (operation === undefined ? [] : fieldsOf(operation)).map((field) => ({
    field,
    at: told.search(optionIn(field.option)),
  }));
  return found.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0]?.field;
}
