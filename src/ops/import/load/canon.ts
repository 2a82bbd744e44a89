import type { How } from '../convert/how.ts';
import { daysOf } from '../convert/plain.ts';

/** What is the same for all texts that mean the same value of a type, so that what was sent and what is there can be compared. */
export type Canon = (text: string) => string | number;

const same: Canon = (text) => text;
const any: Canon = () => 1;

/** How values that are made so are compared: of a type that is not known here, only whether there is one. */
export const canonFor = ({ type, opaque }: Pick<How, 'type' | 'opaque'>): Canon =>
  opaque === true ? any : canonOf(type);

/** How values of a type are compared; those of one that is not known here as they are written. */
export function canonOf(type: string): Canon {
  if (/^(smallint|integer|bigint)$/.test(type)) return integer;
  if (type === 'double precision') return (text) => Number(text) + 0;
  if (type === 'real') return (text) => Math.fround(Number(text)) + 0;
  if (/^numeric/.test(type)) return decimal;
  if (/^jsonb?$/.test(type)) return (text) => json(JSON.parse(text));
  if (/^character\(/.test(type)) return (text) => text.replace(/ +$/, '');
  const [, kind, digits] = /^(timestamp|time)(?:\((\d)\))? with(?:out)? time zone$/.exec(type) ?? [];
  const precision = digits === undefined ? 6 : Number(digits);
  if (kind === 'timestamp') return (text) => moment(text, precision);
  if (kind === 'time') return (text) => clock(text, precision);
  return same;
}

function integer(text: string): string {
  return /^(0|-?[1-9]\d*)$/.test(text) ? text : BigInt(text.replace('+', '')).toString();
}

const PLAIN = /^(?:0|-?[1-9]\d*|-?(?:0|[1-9]\d*)\.\d*[1-9])$/;

/** Without zeros that say nothing, and without an exponent. */
function decimal(text: string): string {
  if (PLAIN.test(text)) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/.exec(text) ?? [];
  const digits = `${whole}${fraction}`;
  const point = whole.length + Number(exponent);
  const before = point > 0 ? digits.slice(0, point).padEnd(point, '0').replace(/^0+/, '') : '';
  const behind = (point >= 0 ? digits.slice(point) : '0'.repeat(-point) + digits).replace(/0+$/, '');
  const value = `${before || '0'}${behind === '' ? '' : `.${behind}`}`;
  return sign === '-' && value !== '0' ? `-${value}` : value;
}

/** With the keys of objects in the order in which jsonb keeps them. */
function json(value: unknown): string {
  return JSON.stringify(isOrdered(value) ? value : ordered(value));
}

const before = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1);

function isOrdered(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isOrdered);
  let last: string | undefined;
  for (const key of Object.keys(value)) {
    if (last !== undefined && before(last, key) > 0) return false;
    last = key;
    if (!isOrdered((value as Record<string, unknown>)[key])) return false;
  }
  return true;
}

/** Keys that are numbers come first whatever is done, on both sides. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => before(a, b));
  return Object.fromEntries(entries.map(([key, inner]) => [key, ordered(inner)]));
}

const MOMENT =
  /^\s*(\d{4,})-(\d\d)-(\d\d)[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d(?::?\d\d)?(?::\d\d)?)?( BC)?\s*$/i;

/** Microseconds since 1970 in UTC; as a text where a number would round them. */
function moment(text: string, precision: number): string | number {
  const plain = precision === 6 ? plainMoment(text) : undefined;
  if (plain !== undefined) return plain;
  const [, y, m, d, time = '', zone = '', bc] = MOMENT.exec(text) ?? [];
  if (y === undefined) return text;
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?/.exec(zone) ?? [];
  const offset = (Number(hours) * 3600 + Number(minutes || 0) * 60) * (sign === '-' ? -1 : 1);
  const year = bc === undefined ? Number(y) : 1 - Number(y);
  const micros = microsOf(time, precision) - offset * 1e6;
  return since1970(daysOf(year, Number(m), Number(d)), micros);
}

function since1970(days: number, micros: number): string | number {
  const all = days * DAY + micros;
  if (Number.isSafeInteger(all)) return all;
  return `${days + Math.floor(micros / DAY)}:${((micros % DAY) + DAY) % DAY}`;
}

const pair = (text: string, at: number): number =>
  (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

/** Of `2024-01-31 08:00:00.5+00`, as the server writes it and nearly all are sent; undefined for another way to write it. */
function plainMoment(text: string): string | number | undefined {
  const end = text.endsWith('+00') ? text.length - 3 : text.length;
  if (end < 19 || end > 26 || text[4] !== '-' || text[10] !== ' ' || text[16] !== ':') return undefined;
  let fraction = 0;
  if (end > 19 && text[19] !== '.') return undefined;
  for (let at = 20; at < 26; at++) fraction = fraction * 10 + (at < end ? text.charCodeAt(at) - 48 : 0);
  const days = daysOf(pair(text, 0) * 100 + pair(text, 2), pair(text, 5), pair(text, 8));
  const seconds = pair(text, 11) * 3600 + pair(text, 14) * 60 + pair(text, 17);
  return since1970(days, seconds * 1e6 + fraction);
}

const DAY = 86_400e6;
const clock = (text: string, precision: number): string => String(microsOf(text, precision));

function microsOf(text: string, precision: number): number {
  const [, h = '0', m = '0', s = '0', fraction = ''] =
    /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?/.exec(text) ?? [];
  const unit = 10 ** (6 - precision);
  const micros = fraction === '' ? 0 : rint(Number(`0.${fraction}`) * 1e6);
  return (
    (Number(h) * 3600 + Number(m) * 60 + Number(s)) * 1e6 + Math.floor((micros + unit / 2) / unit) * unit
  );
}

/** Halves go to the even one, as rint() of C has it, by which PostgreSQL rounds. */
function rint(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  if (rest !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}
