import type { ListedRow } from '../queries/settings/listed.ts';
import { hidden } from './secret.ts';

/** What is needed of a setting to read and write its values. */
export type Kind = Pick<ListedRow, 'name' | 'vartype' | 'unit' | 'min_val' | 'max_val' | 'enumvals'>;

const MEMORY: readonly (readonly [string, number])[] = [
  ['TB', 1024 ** 4],
  ['GB', 1024 ** 3],
  ['MB', 1024 ** 2],
  ['kB', 1024],
  ['B', 1],
];
const TIME: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
  ['ms', 1],
  ['us', 0.001],
];

interface Base {
  readonly units: readonly (readonly [string, number])[];
  /** Of one of it, in bytes or milliseconds. */
  readonly factor: number;
}

/** `8kB` is 8192 bytes; a server that was built with other blocks says `16kB`. */
function baseOf(unit: string | null): Base | undefined {
  const [, count = '', word = ''] = /^(\d*)([A-Za-z]+)$/.exec(unit ?? '') ?? [];
  for (const units of [MEMORY, TIME]) {
    const size = units.find(([one]) => one === word)?.[1];
    if (size !== undefined) return { units, factor: size * Number(count || 1) };
  }
  return undefined;
}

/** Bytes of a setting that is a size; undefined for other ones, and for a value that stands for another (-1). */
export function bytesOf({ unit }: Pick<Kind, 'unit'>, value: string | null): number | undefined {
  const base = baseOf(unit);
  const number = value === null ? Number.NaN : Number(value);
  if (base?.units !== MEMORY || !(number >= 0)) return undefined;
  return number * base.factor;
}

/** A value as people write it, in the largest unit that it fills: `512MB`, `5min`. */
export function valueText(kind: Pick<Kind, 'name' | 'vartype' | 'unit'>, value: string | null): string {
  if (value === null) return '-';
  if (value === '') return "''";
  const shown = hidden(kind.name, value);
  const base = kind.vartype === 'integer' || kind.vartype === 'real' ? baseOf(kind.unit) : undefined;
  const number = Number(shown);
  // as SHOW: 0 and what stands for another value have no unit
  if (base === undefined || !(number > 0)) return shown;
  const size = number * base.factor;
  const [word, factor] = base.units.find(([, one]) => size >= one && Number.isInteger(size / one)) ?? [];
  return factor === undefined ? `${shown}${kind.unit}` : `${size / factor}${word}`;
}

/** What was written for a setting, as far as it can be read here. */
export type Read =
  /** As pg_settings has it. */
  | { readonly kind: 'read'; readonly value: string }
  /** Only the server can tell. */
  | { readonly kind: 'open' }
  | { readonly kind: 'bad'; readonly why: string };

/** Reads what somebody has written for a setting, as the server does. */
export function readValue(kind: Kind, text: string): Read {
  if (kind.vartype === 'bool') return readSwitch(text);
  if (kind.vartype === 'enum') return readWord(kind, text);
  if (kind.vartype === 'integer' || kind.vartype === 'real') return readNumber(kind, text);
  return { kind: 'open' };
}

/** Any beginning of a word that is not that of the other one. */
function readSwitch(text: string): Read {
  const word = text.trim().toLowerCase();
  const begins = (whole: string, least = 1) => word.length >= least && whole.startsWith(word);
  if (begins('true') || begins('yes') || word === 'on' || word === '1') return { kind: 'read', value: 'on' };
  if (begins('false') || begins('no') || begins('off', 2) || word === '0')
    return { kind: 'read', value: 'off' };
  return { kind: 'bad', why: 'on or off is expected' };
}

/** Some have words that are not listed: old names, and true and false. */
function readWord({ enumvals }: Kind, text: string): Read {
  const word = text.trim().toLowerCase();
  const found = enumvals?.find((one) => one.toLowerCase() === word);
  return found === undefined ? { kind: 'open' } : { kind: 'read', value: found };
}

const NUMBER = /^([+-]?(?:0x[\da-f]+|\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?))\s*([a-z]*)$/i;

function readNumber({ vartype, unit, min_val, max_val, name }: Kind, text: string): Read {
  const [, digits, word = ''] = NUMBER.exec(text.trim()) ?? [];
  if (digits === undefined)
    return { kind: 'bad', why: `a number is expected${unit ? ', with its unit' : ''}` };
  const octal = /^[+-]?0\d+$/.test(digits) && vartype === 'integer';
  const given = octal ? Number.parseInt(digits, 8) : Number(digits);
  const base = baseOf(unit);
  let value = given;
  if (word !== '') {
    const size = base?.units.find(([one]) => one === word)?.[1];
    if (base === undefined || size === undefined)
      return {
        kind: 'bad',
        why: base
          ? `"${word}" is none of its units: ${base.units.map(([one]) => one).join(', ')}`
          : 'it has no unit',
      };
    value = (given * size) / base.factor;
  }
  if (vartype === 'integer') value = roundEven(value);
  const low = Number(min_val ?? Number.NEGATIVE_INFINITY);
  const high = Number(max_val ?? Number.POSITIVE_INFINITY);
  if (value < low || value > high) {
    const range = [min_val, max_val].map((one) => valueText({ name, vartype, unit }, one));
    return { kind: 'bad', why: `it is out of its range, ${range.join(' to ')}` };
  }
  return { kind: 'read', value: String(value) };
}

/** As rint() does. */
function roundEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
