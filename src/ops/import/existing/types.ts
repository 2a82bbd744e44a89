import { type How, type HowOptions, howOf } from '../convert/how.ts';
import { toDouble } from '../convert/numbers.ts';
import { toJson, toText, toVarchar } from '../convert/texts.ts';
import { type Converter, refusal } from '../convert/value.ts';

/** PostgreSQL's names of types, as format_type() has them, and the way that makes their values. */
const WAYS: readonly (readonly [RegExp, (numbers: string) => string])[] = [
  [/^(smallint|integer|bigint|boolean|text|uuid|bytea|date|jsonb)$/, (name) => name],
  [/^character varying(\(\d+\))?$/, (text) => text.replace('character varying', 'varchar')],
  [/^double precision$/, () => 'double'],
  [/^numeric(\(.*\))?$/, (text) => text.replace(/\s/g, '')],
  [/^time(\(\d\))? without time zone$/, () => 'time'],
  [/^timestamp(\(\d\))? with time zone$/, () => 'timestamptz'],
  [/^timestamp(\(\d\))? without time zone$/, () => 'timestamp'],
];

/** How a cell becomes a value of a type that is there already. What is not known here is sent as a text. */
export function howOfType(type: string, labels: readonly string[], options: HowOptions): How {
  const known = WAYS.find(([pattern]) => pattern.test(type))?.[1](type);
  const found = known === undefined ? undefined : howOf(known, options);
  if (found !== undefined) return { ...found, type };
  const how: How = { name: type, type, convert: converterOf(type, labels, options) };
  return isKnown(type, labels) ? how : { ...how, opaque: true };
}

function converterOf(type: string, labels: readonly string[], { nul }: HowOptions): Converter {
  if (type === 'real') return real;
  if (type === 'json') return toJson;
  const [, length] = /^character(?: varying)?\((\d+)\)$/.exec(type) ?? [];
  if (length !== undefined) return toVarchar(Number(length), nul);
  const text = toText(nul);
  if (labels.length === 0) return text;
  const known = new Set(labels);
  return (cell, note) => {
    const label = text(cell, note);
    return typeof label !== 'string' || known.has(label) ? label : refusal('no label of the enum');
  };
}

/** What has more digits than a real keeps is rounded, as the application's own writes are. */
const real: Converter = (cell, note) => {
  const value = typeof cell === 'bigint' && BigInt(Number(cell)) !== cell ? Number(cell) : cell;
  const text = toDouble(value, note);
  if (typeof text !== 'string') return text;
  const rounded = Math.fround(Number(text));
  if (!Number.isFinite(rounded) && Number.isFinite(Number(text))) return refusal('beyond what a real holds');
  if (rounded !== Number(text)) note('rounded');
  return text;
};

const isKnown = (type: string, labels: readonly string[]): boolean =>
  labels.length > 0 || /^(real|json|character.*|"?citext"?)$/.test(type);
