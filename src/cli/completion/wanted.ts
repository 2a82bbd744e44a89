import type { Argument, Command, Option } from 'commander';
import type { InputField } from '../../ops/engine/fields.ts';
import type { AnyOperation, OperationEntry, RawInput } from '../../ops/engine/operation.ts';
import { entryOf } from '../../ops/registry.ts';
import type { Context } from '../context.ts';
import { complete as completeCommand } from '../operation.ts';
import { pathOf } from '../program/usage.ts';

export interface Candidate {
  readonly value: string;
  readonly hint?: string | undefined;
}

/** What only the server or the disk knows. */
export type Live =
  | {
      readonly kind: 'field';
      readonly operation: AnyOperation;
      readonly field: string;
      readonly raw: RawInput;
      readonly command: Command;
    }
  | {
      readonly kind: 'profiles' | 'databases' | 'backups' | 'runs' | 'services' | 'views';
      readonly command: Command;
    };

/** What the word that is being typed can be. */
export interface Wanted {
  readonly candidates: readonly Candidate[];
  readonly live?: Live | undefined;
  /** What stands before a live value in the same word: `--backup=`. */
  readonly prefix?: string;
  readonly files?: 'file' | 'directory';
}

/**
 * Whose names the first argument is: of commands that are no operations, and of those whose declaration is not loaded for
 * it, which takes longer than somebody waits who has pressed Tab.
 */
const ARGUMENTS: Readonly<Record<string, 'profiles' | 'backups' | 'runs' | 'views'>> = {
  restore: 'backups',
  'backups verify': 'backups',
  'backups pin': 'backups',
  'backups unpin': 'backups',
  'backups delete': 'backups',
  'backups push': 'backups',
  'profile show': 'profiles',
  'profile test': 'profiles',
  'profile remove': 'profiles',
  'backups show': 'backups',
  'runs show': 'runs',
  show: 'views',
};
const OPTIONS: Readonly<Record<string, 'profiles' | 'databases' | 'services'>> = {
  '--profile': 'profiles',
  '--dbname': 'databases',
  '--service': 'services',
};
/** By what stands for the value in the help. */
const FILES: Readonly<Record<string, 'file' | 'directory'>> = {
  file: 'file',
  path: 'file',
  dir: 'directory',
  directory: 'directory',
};

interface Walk {
  command: Command;
  /** What the command is, until its options or arguments have to be known. */
  entry: OperationEntry | undefined;
  operation: AnyOperation | undefined;
  /** Those of the operation. */
  fields: readonly InputField[];
  /** Arguments that have been given, and options, by the name of their long form. */
  readonly given: string[];
  readonly options: Map<string, string | true>;
  /** The option whose value the last word is. */
  open: Option | undefined;
}

/** Walks the command tree along the words; the last is the one that is being typed. */
export async function wantedOf(
  program: Command,
  words: readonly string[],
  context: Context,
): Promise<Wanted> {
  const walk: Walk = {
    command: program,
    entry: undefined,
    operation: undefined,
    fields: [],
    given: [],
    options: new Map(),
    open: undefined,
  };
  for (const word of words.slice(0, -1)) await step(walk, word, context);
  const current = words.at(-1) ?? '';
  // whoever is connected to is known by these
  for (const option of program.options) {
    const value = walk.options.get(option.long ?? '');
    if (value !== undefined) program.setOptionValue(option.attributeName(), option.negate ? false : value);
  }
  if (walk.open !== undefined) return ofOption(walk, walk.open, '');
  const [, name = '', typed] = /^(--[^=]+)(=)/.exec(current) ?? [];
  if (typed !== undefined) {
    const option = await knownOption(walk, name, context);
    return option === undefined ? { candidates: [] } : ofOption(walk, option, `${name}=`);
  }
  const kind = walk.given.length === 0 ? ARGUMENTS[wordsOf(walk.command)] : undefined;
  if (walk.entry !== undefined && kind !== undefined && !current.startsWith('-'))
    return { candidates: [], live: { kind, command: walk.command } };
  await load(walk, context);
  if (current.startsWith('-')) return { candidates: optionsOf(walk) };
  return ofArgument(walk);
}

/** `backups verify`, of the command that the help calls `pgdeck backups verify`. */
const wordsOf = (command: Command): string => pathOf(command).split(' ').slice(1).join(' ');

/** Makes the options and arguments of an operation known, once. */
async function load(walk: Walk, context: Context): Promise<void> {
  const { command, entry } = walk;
  if (entry === undefined) return;
  walk.entry = undefined;
  const [operation, { fieldsOf }] = await Promise.all([entry.load(), import('../../ops/engine/fields.ts')]);
  walk.operation = operation;
  walk.fields = fieldsOf(operation);
  await completeCommand(command, operation, context);
}

/** An option of the command or of those above it; undefined where there is none. */
async function knownOption(walk: Walk, name: string, context: Context): Promise<Option | undefined> {
  const known = optionOf(walk.command, name);
  if (known !== undefined || walk.entry === undefined) return known;
  await load(walk, context);
  return optionOf(walk.command, name);
}

async function step(walk: Walk, word: string, context: Context): Promise<void> {
  const { command, open } = walk;
  if (open !== undefined) {
    walk.options.set(open.long ?? open.flags, word);
    walk.open = undefined;
    return;
  }
  if (word.startsWith('-') && word !== '-') {
    const [name = '', value] = word.split(/=(.*)/s);
    const option = await knownOption(walk, name, context);
    if (option === undefined) return;
    const takes = option.required || option.optional;
    if (takes && value === undefined) walk.open = option;
    else walk.options.set(option.long ?? name, value ?? true);
    return;
  }
  const inner = walk.given.length === 0 ? command.commands.find((one) => one.name() === word) : undefined;
  if (inner === undefined) {
    walk.given.push(word);
    return;
  }
  walk.command = inner;
  walk.entry = entryOf(wordsOf(inner));
}

/** Of the command, or of those above it: a server is named anywhere. */
function optionOf(command: Command | null, name: string): Option | undefined {
  if (command === null) return undefined;
  return (
    command.options.find(({ long, short }) => long === name || short === name) ??
    optionOf(command.parent, name)
  );
}

function optionsOf({ command, options }: Walk): Candidate[] {
  const found: Option[] = [];
  for (let one: Command | null = command; one !== null; one = one.parent) found.push(...one.options);
  const candidates = found
    .filter(({ hidden, long, description }) => {
      const again = description.endsWith('may be repeated');
      return !hidden && long !== undefined && (again || !options.has(long));
    })
    .map(({ long, description }): Candidate => ({ value: long ?? '', hint: description }));
  return [
    ...new Map(
      [...candidates, { value: '--help', hint: 'print the help of this' }].map((one) => [one.value, one]),
    ).values(),
  ];
}

function ofOption(walk: Walk, option: Option, prefix: string): Wanted {
  const { command, operation, fields } = walk;
  if (option.argChoices !== undefined)
    return { candidates: option.argChoices.map((value) => ({ value: `${prefix}${value}` })) };
  const [, placeholder = ''] = /[<[]([^\]>]*)[\]>]/.exec(option.flags) ?? [];
  const field = fields.find((one) => one.option === option.long);
  const kind = OPTIONS[option.long ?? ''];
  const live: Live | undefined =
    operation !== undefined && field?.choices !== undefined
      ? { kind: 'field', operation, field: field.id, raw: rawOf(walk), command }
      : kind && { kind, command };
  const files = FILES[placeholder];
  // the shells complete no path behind a sign
  return { candidates: [], live, prefix, ...(live === undefined && files && prefix === '' && { files }) };
}

function ofArgument(walk: Walk): Wanted {
  const { command, operation, fields, given } = walk;
  const inner =
    given.length > 0
      ? []
      : command
          .createHelp()
          .visibleCommands(command)
          .map((one): Candidate => ({ value: one.name(), hint: one.description() }));
  const argument: Argument | undefined =
    command.registeredArguments[given.length] ??
    command.registeredArguments.filter(({ variadic }) => variadic).at(-1);
  if (argument === undefined) return { candidates: inner };
  const values = (argument.argChoices ?? []).map((value): Candidate => ({ value }));
  const field = fields.filter((one) => one.argument === true)[
    Math.min(given.length, command.registeredArguments.length - 1)
  ];
  const kind = ARGUMENTS[wordsOf(command)];
  const live: Live | undefined =
    operation !== undefined && field?.choices !== undefined
      ? { kind: 'field', operation, field: field.id, raw: rawOf(walk), command }
      : kind && { kind, command };
  const files = FILES[argument.name()];
  return { candidates: [...inner, ...values], live, ...(live === undefined && files && { files }) };
}

/** What has been given so far, as the form of the operation has it. */
function rawOf({ fields, options, given }: Walk): RawInput {
  const raw: Record<string, RawInput[string]> = {};
  for (const { id, kind, option, initial } of fields) {
    const value = options.get(option);
    if (value === undefined) continue;
    raw[id] = kind === 'flag' ? initial !== true : kind === 'list' ? [String(value)] : String(value);
  }
  const places = fields.filter((one) => one.argument === true);
  for (const [at, { id, kind }] of places.entries()) {
    const value = given[at];
    if (value !== undefined) raw[id] = kind === 'list' ? given.slice(at) : value;
  }
  return raw;
}
