import { type Cell, type Converted, type Converter, kindOf, refusal } from './value.ts';

const INTEGER = /^\s*[+-]?\d+\s*$/;
const DECIMAL = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/;

/** `smallint`, `integer` or `bigint`, by its bytes. */
export function toInteger(bytes: 2 | 4 | 8): Converter {
  const limit = 1n << BigInt(bytes * 8 - 1);
  const fits = (value: bigint): Converted =>
    value >= -limit && value < limit ? value.toString() : refusal(`does not fit in ${bytes} bytes`);
  return (cell) => {
    if (cell === null) return null;
    // one of SQLite has 8 bytes at most
    if (typeof cell === 'bigint') return bytes === 8 ? cell.toString() : fits(cell);
    if (typeof cell === 'number')
      return Number.isInteger(cell) ? fits(BigInt(cell)) : refusal('a real with a fraction');
    if (typeof cell === 'string' && INTEGER.test(cell)) return fits(BigInt(cell.trim()));
    return refusal(notA('integer', cell));
  };
}

const notA = (type: string, cell: Cell): string =>
  cell === '' ? `an empty text, which is no ${type}` : `${kindOf(cell)} that is no ${type}`;

/** `double precision`: what it would round is refused. */
export const toDouble: Converter = (cell) => {
  if (cell === null) return null;
  if (typeof cell === 'number') return Object.is(cell, -0) ? '-0' : String(cell);
  if (typeof cell === 'bigint')
    return BigInt(Number(cell)) === cell
      ? cell.toString()
      : refusal('an integer beyond 2^53, which a double rounds');
  if (typeof cell !== 'string') return refusal(notA('number', cell));
  const digits = decimal(cell);
  if (digits === undefined) return refusal(notA('number', cell));
  const value = Number(cell);
  return !Number.isFinite(value) || (value === 0 && digits.before + digits.behind !== 0)
    ? refusal('beyond what a double holds')
    : cell.trim();
};

/** `numeric`, or `numeric(precision, scale)`: what it would round or cannot hold is refused. */
export function toNumeric(precision?: number, scale = 0): Converter {
  return (cell) => {
    if (cell === null) return null;
    const text = typeof cell === 'bigint' || typeof cell === 'number' ? String(cell) : cell;
    if (typeof text !== 'string') return refusal(notA('number', cell));
    if (precision !== undefined && isShort(text, precision - scale, scale)) return text;
    if (text === 'Infinity' || text === '-Infinity') return refusal('infinite');
    const digits = decimal(text);
    if (digits === undefined) return refusal(notA('number', cell));
    if (precision === undefined) return text.trim();
    if (digits.behind > scale) return refusal(`more than ${scale} decimals`);
    if (digits.before > precision - scale)
      return refusal(`more than ${precision - scale} digits before the point`);
    return text.trim();
  };
}

/** True for `12.50` and its like, which need no closer look: digits, perhaps a point and digits behind it. */
function isShort(text: string, before: number, behind: number): boolean {
  let point = text.length;
  const begin = text.charCodeAt(0) === 45 ? 1 : 0;
  for (let at = begin; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46 && point === text.length) point = at;
    else if (code < 48 || code > 57) return false;
  }
  return point > begin && point - begin <= before && text.length - point - 1 <= behind;
}

/** How many digits a number has that count, on each side of its point. */
function decimal(text: string): { readonly before: number; readonly behind: number } | undefined {
  const [, , whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (whole === '' && fraction === '') return undefined;
  const shift = Number(exponent);
  const all = `${whole}${fraction}`;
  const point = whole.length + shift;
  const first = all.search(/[1-9]/);
  if (first < 0) return { before: 0, behind: 0 };
  const last = all.replace(/0+$/, '').length;
  return { before: Math.max(point - first, 0), behind: Math.max(last - point, 0) };
}

const TRUE = new Set(['1', 't', 'true', 'y', 'yes', 'on']);
const FALSE = new Set(['0', 'f', 'false', 'n', 'no', 'off']);

/** `boolean`: 0 and 1, and the words that PostgreSQL has for them. */
export const toBoolean: Converter = (cell, note) => {
  if (cell === null) return null;
  if (cell === 0n || cell === 0) return 'f';
  if (cell === 1n || cell === 1) return 't';
  if (typeof cell === 'string') {
    const word = cell.trim().toLowerCase();
    const value = TRUE.has(word) ? 't' : FALSE.has(word) ? 'f' : undefined;
    if (value !== undefined) note('word');
    if (value !== undefined) return value;
  }
  return refusal(`${notA('boolean', cell)}${typeof cell === 'string' ? '' : ' (0 and 1 are)'}`);
};
