import { Argument, type Command, Option } from 'commander';
import { UsageError } from '../../config/usage-error.ts';
import { EXECUTE, fieldsOf, type InputField, parseInput, problemText } from '../../ops/engine/fields.ts';
import type { AnyOperation, RawInput } from '../../ops/engine/operation.ts';
import { addSecret } from './secrets.ts';

/** Gives a command the arguments and flags of an operation's fields. */
export function addFields(command: Command, operation: AnyOperation): void {
  for (const field of fieldsOf(operation))
    if (field.secret === true) addSecret(command, field);
    else if (field.argument) command.addArgument(argumentOf(field));
    else command.addOption(optionOf(field));
}

/** Of an operation that does nothing without it. */
export function addExecute(command: Command): void {
  command.option(EXECUTE, 'do it: without this the plan is printed, and nothing is done');
}

function argumentOf(field: InputField): Argument {
  const many = field.kind === 'list' ? '...' : '';
  const name = `${field.placeholder ?? field.id}${many}`;
  const argument = new Argument(field.required ? `<${name}>` : `[${name}]`, field.hint);
  return field.values ? argument.choices(field.values) : argument;
}

function optionOf(field: InputField): Option {
  const { kind, option, placeholder = field.id, hint, initial, values } = field;
  const known = typeof initial === 'string' || typeof initial === 'number';
  const help = known ? `${hint} (default: ${initial})` : hint;
  if (kind === 'flag') return new Option(option, hint);
  const made = new Option(`${option} <${placeholder}>`, kind === 'list' ? `${hint}; may be repeated` : help);
  if (values) made.choices(values);
  if (kind === 'list') made.argParser((text: string, before?: string[]) => [...(before ?? []), text]);
  return made;
}

/** What was given, as commander has read it. Throws {@link UsageError} for what does not go together. */
export function rawInput(operation: AnyOperation, command: Command): RawInput {
  const raw: Record<string, RawInput[string]> = {};
  const options = command.opts<Record<string, RawInput[string]>>();
  const fields = fieldsOf(operation);
  let argument = 0;
  for (const field of fields) {
    const { id, kind, option } = field;
    // read when it is known that it is wanted
    if (field.secret === true) continue;
    if (field.argument) raw[id] = command.processedArgs[argument++] as RawInput[string];
    else {
      const { negate, attribute } = named(option);
      const value = options[attribute];
      if (kind !== 'flag') raw[id] = value;
      // `--no-x` is the switch that turns off what is on, or a switch with such a name
      else if (negate ? value === false : value === true) raw[id] = field.initial !== true;
    }
  }
  for (const { id, when, option } of fields)
    if (raw[id] !== undefined && when && !when(raw))
      throw new UsageError(
        `${option} has no meaning with what else was given.`,
        `Leave it out, or see: pgdeck ${operation.id} --help`,
      );
  return raw;
}

function named(option: string): { negate: boolean; attribute: string } {
  const made = new Option(option);
  return { negate: made.negate, attribute: made.attributeName() };
}

/** The operation's input. Throws {@link UsageError} that names every flag with what it expects. */
export function inputOf(operation: AnyOperation, raw: RawInput): Record<string, unknown> {
  const fields = fieldsOf(operation);
  // a script's variable that is not set: without the flag more would be done than was meant
  const empty = fields.filter(({ id, required }) => !required && [raw[id]].flat().includes(''));
  if (empty.length > 0)
    throw new UsageError(
      empty.map((field) => `${nameOf(field)}: nothing was given.`).join('\n'),
      `Leave it out, or see: pgdeck ${operation.id} --help`,
    );
  const parsed = parseInput(operation, raw);
  if (parsed.ok) return parsed.input;
  const sentences = parsed.problems.map(({ field: id, message }) => {
    const field = fields.find((one) => one.id === id);
    return problemText(field && nameOf(field), message);
  });
  throw new UsageError(sentences.join('\n'), `See: pgdeck ${operation.id} --help`);
}

function nameOf(field: InputField): string {
  return field.argument ? (field.placeholder ?? field.id).toUpperCase() : field.option;
}
