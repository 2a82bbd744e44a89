import { z } from 'zod';
import { shellWord } from '../../text/shell.ts';
import type { AnyOperation, Field, RawInput } from './operation.ts';

/** How a value is given: typed, switched, chosen, several times. */
export type FieldKind = 'text' | 'number' | 'flag' | 'choice' | 'list';

/** A field as the front ends use it. */
export interface InputField extends Field {
  readonly id: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  /** What holds when nothing is given. */
  readonly initial: unknown;
  /** Of a `choice`: the values there are. */
  readonly values?: readonly string[];
  /** `--lock-timeout`; of a flag that is on without it, what turns it off: `--no-safety-backup`. */
  readonly option: string;
}

const known = new WeakMap<AnyOperation, readonly InputField[]>();

/** The fields of an operation's input, in the order of its form. */
export function fieldsOf(operation: AnyOperation): readonly InputField[] {
  const made =
    known.get(operation) ?? Object.entries(operation.fields).map(([id, f]) => field(operation, id, f));
  known.set(operation, made);
  return made;
}

function field(operation: AnyOperation, id: string, given: Field): InputField {
  const schema = operation.input.shape[id] as z.ZodType | undefined;
  if (schema === undefined) throw new Error(`${operation.id} has no input ${id}`);
  const { inner, required, initial } = unwrap(schema);
  return {
    ...given,
    id,
    required,
    initial,
    kind: kindOf(inner),
    option: optionOf(given.flag ?? id.replaceAll('_', '-'), initial === true),
    ...(inner instanceof z.ZodEnum && { values: inner.options.map(String) }),
  };
}

function optionOf(name: string, on: boolean): string {
  return on && !name.startsWith('no-') ? `--no-${name}` : `--${name}`;
}

function unwrap(schema: z.ZodType): { inner: z.ZodType; required: boolean; initial: unknown } {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return { ...unwrap(schema.unwrap() as z.ZodType), required: false, initial: schema.def.defaultValue };
  if (schema instanceof z.ZodOptional) return { ...unwrap(schema.unwrap() as z.ZodType), required: false };
  if (schema instanceof z.ZodPipe) return unwrap(schema.in as z.ZodType);
  return { inner: schema, required: true, initial: undefined };
}

function kindOf(schema: z.ZodType): FieldKind {
  if (schema instanceof z.ZodBoolean) return 'flag';
  if (schema instanceof z.ZodNumber) return 'number';
  if (schema instanceof z.ZodEnum) return 'choice';
  if (schema instanceof z.ZodArray) return 'list';
  return 'text';
}

export interface Problem {
  /** Id of the field; undefined for what is wrong between fields. */
  readonly field: string | undefined;
  readonly message: string;
}

export type Parsed =
  | { readonly ok: true; readonly input: Record<string, unknown> }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Checks what was given and converts it to the operation's input. */
export function parseInput(operation: AnyOperation, raw: RawInput): Parsed {
  const values: Record<string, unknown> = {};
  for (const { id, kind, when } of fieldsOf(operation)) {
    const value = when && !when(raw) ? undefined : raw[id];
    if (value === undefined || value === '') continue;
    values[id] = kind === 'number' && typeof value === 'string' ? toNumber(value) : value;
  }
  const result = operation.input.safeParse(values);
  if (result.success) return { ok: true, input: result.data };
  return {
    ok: false,
    problems: result.error.issues.map((issue) => ({
      field: issue.path[0] === undefined ? undefined : String(issue.path[0]),
      message: missing(values, issue) ? 'is needed' : expectation(issue),
    })),
  };
}

function toNumber(text: string): unknown {
  const trimmed = text.trim();
  return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
}

/** What the schema says; of what it has no words of its own for, what is expected. */
function expectation({ code, message, ...issue }: z.core.$ZodIssue): string {
  if (code === 'invalid_value' && 'values' in issue && message.startsWith('Invalid option'))
    return `expected one of ${(issue.values as unknown[]).map(String).join(', ')}`;
  if (code !== 'invalid_type' || !message.startsWith('Invalid input')) return message;
  const wanted = 'expected' in issue ? issue.expected : undefined;
  if (wanted === 'int') return 'expected a whole number';
  return wanted === 'number' ? 'expected a number' : message;
}

/** A problem as a sentence; `name`: what the front end calls the field, undefined for what is wrong between fields. */
export function problemText(name: string | undefined, message: string): string {
  const told = /[.!?]$/.test(message) ? message : `${message}.`;
  if (name === undefined) return told;
  if (told.startsWith('is ')) return `${name} ${told}`;
  return told.startsWith(EXPECTED) ? `${name} must be ${told.slice(EXPECTED.length)}` : `${name}: ${told}`;
}

const EXPECTED = 'expected ';

function missing(values: Record<string, unknown>, issue: z.core.$ZodIssue): boolean {
  return issue.path.length === 1 && values[String(issue.path[0])] === undefined;
}

/** What was given, without its secrets. */
export function withoutSecrets(
  operation: AnyOperation,
  input: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const secret = new Set(fieldsOf(operation).flatMap((field) => (field.secret === true ? [field.id] : [])));
  return Object.fromEntries(Object.entries(input).filter(([id]) => !secret.has(id)));
}

/** The flag without which a command line only shows the plan of an operation that is {@link file://./operation.ts dry}. */
export const EXECUTE = '--execute';

/** What words of a command line give, after the operation's name: the other way round than {@link commandWords}. */
export function inputOfWords(operation: AnyOperation, words: readonly string[]): RawInput {
  return readWords(operation, words).input;
}

/** The same, and the words that mean nothing to it. */
export function readWords(
  operation: AnyOperation,
  words: readonly string[],
): { readonly input: RawInput; readonly strange: readonly string[] } {
  const fields = fieldsOf(operation);
  const strange: string[] = [];
  const values: Record<string, string | boolean | string[]> = {};
  const left = words.flatMap((word) => /^(--[\w-]+)=(.*)$/s.exec(word)?.slice(1) ?? [word]);
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (operation.dry === true && word === EXECUTE) continue;
    const field = fields.find(({ option, argument }) => argument !== true && option === word);
    const target =
      field ??
      (word.startsWith('--')
        ? undefined
        : fields.find(({ id, argument, kind }) => argument && (kind === 'list' || !(id in values))));
    if (target === undefined) {
      strange.push(word);
      continue;
    }
    const { id, kind, initial } = target;
    if (kind === 'flag') values[id] = initial !== true;
    else {
      const value = field === undefined ? word : (left.shift() ?? '');
      const before = values[id];
      values[id] = kind === 'list' ? [...(Array.isArray(before) ? before : []), value] : value;
    }
  }
  return { input: values, strange };
}

/** The command that does the same: words for a shell, without connection and confirmation. */
export function commandWords(operation: AnyOperation, input: Readonly<Record<string, unknown>>): string[] {
  const words = [...operation.id.split(' ')];
  const flags: string[] = [];
  for (const { id, argument, kind, option, initial, secret } of fieldsOf(operation)) {
    const value = input[id];
    if (secret === true) continue;
    if (value === undefined || value === null || value === initial) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    if (kind === 'flag' && value === (initial === true)) continue;
    const values = (Array.isArray(value) ? value : [value]).map(String);
    if (argument) words.push(...values.map(shellWord));
    else if (kind === 'flag') flags.push(option);
    else flags.push(...values.flatMap((one) => [option, shellWord(one)]));
  }
  return [...words, ...flags, ...(operation.dry === true ? [EXECUTE] : [])];
}
