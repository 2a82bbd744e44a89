import { type Cell, type Converted, type Converter, kindOf, refusal } from './value.ts';

/** What becomes of a NUL, which PostgreSQL's text cannot hold. */
export type NulPolicy = 'reject' | 'strip' | 'space';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `text`: numbers as SQLite writes them, bytes where they are UTF-8. */
export function toText(nul: NulPolicy = 'reject'): Converter {
  return (cell, note) => {
    if (cell === null) return null;
    const text = textOf(cell, note);
    if (typeof text !== 'string' || !text.includes('\0')) return text;
    if (nul === 'reject') return refusal('a text with a NUL (U+0000), which PostgreSQL cannot hold');
    note('nul');
    return text.replaceAll('\0', nul === 'strip' ? '' : ' ');
  };
}

function textOf(cell: Exclude<Cell, null>, note: (what: string) => void): Converted {
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'bigint') return cell.toString();
  if (typeof cell === 'number')
    return Number.isInteger(cell) && Math.abs(cell) < 1e21 ? `${cell}.0` : String(cell);
  note('bytes');
  try {
    return utf8.decode(cell);
  } catch {
    return refusal('a blob whose bytes are no UTF-8');
  }
}

/** `varchar(n)`: what is longer is refused; n counts characters. */
export function toVarchar(length: number, nul?: NulPolicy): Converter {
  const text = toText(nul);
  return (cell, note) => {
    const converted = text(cell, note);
    // no text has more characters than UTF-16 units
    if (typeof converted !== 'string' || converted.length <= length) return converted;
    return [...converted].length <= length ? converted : refusal(`longer than ${length} characters`);
  };
}

const ESCAPED_NUL = /(?<!\\)(?:\\\\)*\\u0000/;
const SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/i;

/** `jsonb`: valid, and without what only JSON can hold. */
export const toJson: Converter = (cell) => {
  if (cell === null) return null;
  if (typeof cell === 'bigint') return cell.toString();
  if (typeof cell === 'number' && Number.isFinite(cell)) return String(cell);
  if (typeof cell !== 'string') return refusal(`${kindOf(cell)} that is no JSON`);
  let value: unknown;
  try {
    value = JSON.parse(cell);
  } catch {
    return refusal(cell === '' ? 'an empty text, which is no JSON' : 'a text that is no JSON');
  }
  if (!cell.includes('\\u')) return cell;
  if (ESCAPED_NUL.test(cell)) return refusal('JSON with \\u0000, which jsonb cannot hold');
  // written again, only half of a pair is still escaped
  return SURROGATE.test(cell) && SURROGATE.test(JSON.stringify(value))
    ? refusal('JSON with half a character')
    : cell;
};

const UUID = /^\{?([\da-f]{8})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{12})\}?$/i;

/** `uuid`: 32 hexadecimal digits, or 16 bytes. */
export const toUuid: Converter = (cell) => {
  if (cell === null) return null;
  const text = cell instanceof Uint8Array && cell.length === 16 ? Buffer.from(cell).toString('hex') : cell;
  const found = typeof text === 'string' ? UUID.exec(text.trim()) : null;
  return found === null ? refusal(`${kindOf(cell)} that is no UUID`) : found.slice(1).join('-').toLowerCase();
};

/** `bytea`: bytes, also those of a text. */
export const toBytes: Converter = (cell, note) => {
  if (cell === null) return null;
  if (cell instanceof Uint8Array) return `\\x${Buffer.from(cell).toString('hex')}`;
  if (typeof cell !== 'string') return refusal(`${kindOf(cell)} that is no blob`);
  note('text');
  return `\\x${Buffer.from(cell).toString('hex')}`;
};
