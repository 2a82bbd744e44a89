import type { z } from 'zod';
import { locateJson, type Place } from './json-locate.ts';

/** What a file of JSON says, or one `file:line:column: field …` line for every fault. */
export type ReadJson<Value> = { readonly value: Value } | { readonly faults: readonly string[] };

/** Reads JSON by a schema. A text that is no JSON is one fault, at the place where it stops being so. */
export function readJson<Schema extends z.ZodType>(
  file: string,
  text: string,
  schema: Schema,
): ReadJson<z.output<Schema>> {
  const located = locateJson(text);
  if ('message' in located) return { faults: [`${at(file, located)}: ${located.message}.`] };
  const value: unknown = JSON.parse(text);
  const checked = schema.safeParse(value);
  if (checked.success) return { value: checked.data };
  const lines = checked.error.issues.flatMap((issue) => sentences(issue, value));
  return {
    faults: lines.map(([path, what]) => `${at(file, located.place(path))}: ${field(path)}${what}.`),
  };
}

/** The same line for a fault that is found later on, by who knows what the field means. */
export function faultLine(file: string, text: string, path: readonly PropertyKey[], what: string): string {
  const located = locateJson(text);
  const place = 'message' in located ? located : located.place(path);
  return `${at(file, place)}: ${field(path)}${what}.`;
}

function at(file: string, { line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

function field(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '' : `field "${path.map(String).join('.')}": `;
}

type Sentence = [path: readonly PropertyKey[], sentence: string];

function sentences(issue: z.core.$ZodIssue, root: unknown): Sentence[] {
  const got = shown(issue.path, root);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => [[...issue.path, key], unknownField(key)]);
    case 'invalid_type':
      return [[issue.path, `expected ${article(issue.expected)}, got ${got}`]];
    case 'invalid_value':
      return [
        [issue.path, `expected one of ${issue.values.map((v) => JSON.stringify(v)).join(', ')}, got ${got}`],
      ];
    case 'too_small':
      return [[issue.path, `expected ${least(issue)}, got ${got}`]];
    case 'too_big':
      return [[issue.path, `expected at most ${issue.maximum}, got ${got}`]];
    case 'invalid_union':
      if (issue.discriminator === undefined) return [[issue.path, issue.message]];
      return [[issue.path, `expected ${kinds((issue as { options?: unknown }).options)}, got ${got}`]];
    case 'invalid_key':
      return [[issue.path, issue.issues[0]?.message ?? issue.message]];
    default:
      return [[issue.path, issue.message]];
  }
}

function kinds(options: unknown): string {
  const all = Array.isArray(options) ? options : [];
  return `one of ${all.map((one) => JSON.stringify(one)).join(', ')}`;
}

function unknownField(key: string): string {
  return /passw/i.test(key)
    ? 'passwords are not kept here: use ~/.pgpass, PGPASSWORD or the prompt'
    : 'there is no such field';
}

function least(issue: z.core.$ZodIssueTooSmall): string {
  return issue.origin === 'string' ? 'some text' : `at least ${issue.minimum}`;
}

function article(type: string): string {
  if (type === 'int') return 'a whole number';
  if (type === 'array') return 'a list […]';
  if (type === 'record' || type === 'object') return 'an object {…}';
  return type === 'boolean' ? 'true or false' : `a ${type}`;
}

function shown(path: readonly PropertyKey[], root: unknown): string {
  const hidden = path.includes('notify');
  let value = root;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  if (value === undefined) return 'nothing';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  // it may be a secret that stands in the wrong place
  if (hidden) return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
