import { fieldsOf, type InputField } from '../../ops/engine/fields.ts';
import type { AnyOperation } from '../../ops/engine/operation.ts';
import { OPERATIONS } from '../../ops/registry.ts';

/** An option of the command line, not a part of a longer one. */
export const optionIn = (option: string) => new RegExp(`(?<![\\w-])${option}(?![\\w-])`, 'g');

/** What has a screen with a key. */
export const SCREENED: Readonly<Record<string, string>> = {
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
export const TYPED: Readonly<Record<string, string>> = {
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

/** A piece of a line: one that is to be told as it is, or one that may name options. */
export type Part = string | { readonly text: string };

/**
 * A line in pieces: commands, and what stands between them.
 *
 * @param called what a command is called here, with what it is given
 */
export function partsOf(line: string, called: (words: string, given: string) => string): Part[] {
  if (line.includes('&& pgdeck ')) return shellParts(line);
  const parts: Part[] = [];
  let from = 0;
  for (const found of line.matchAll(COMMAND)) {
    const [whole, words = '', given = ''] = found;
    parts.push({ text: line.slice(from, found.index) }, called(words, given));
    from = found.index + whole.length;
  }
  return [...parts, ...shellParts(line.slice(from))];
}

/** Any other command is for a shell, to the end of its line. */
function shellParts(line: string): Part[] {
  const shell = /\bpgdeck -?\w.*$/.exec(line)?.[0] ?? '';
  return [{ text: line.slice(0, line.length - shell.length) }, shell];
}

/** The field of the form that a sentence for the command line names first. */
export function fieldNamed(text: string, operation: AnyOperation | undefined): InputField | undefined {
  const told = text
    .split('\n')
    .map((line) =>
      partsOf(line, () => '')
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
