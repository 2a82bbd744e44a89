import type { How } from '../convert/how.ts';
import { plainBytes, plainDay } from '../convert/plain.ts';
import { type Cell, Refusal } from '../convert/value.ts';
import { canonOf } from './canon.ts';
import { putDecimal, putNumeric } from './numeric.ts';
import type { Tuples } from './tuples.ts';

/** Puts the value of a cell that is not NULL behind what is there, as the binary format of COPY has it, or says why there is none. */
export type Put = (cell: Exclude<Cell, null>, to: Tuples) => Refusal | undefined;

/** From 1970, by which everybody reckons, to 2000, by which PostgreSQL does. */
export const SINCE_2000 = { days: 10_957, micros: 946_684_800_000_000 };

const note = () => {};

/** How values that are made so are written in the binary format; undefined for a type whose bytes are not known here. */
export function putterOf(how: How): Put | undefined {
  if (how.opaque === true) return undefined;
  const ofText = textPutter(how.type);
  if (ofText === undefined) return undefined;
  const slow: Put = (cell, to) => {
    const text = how.convert(cell, note);
    if (text instanceof Refusal) return text;
    if (text === null) to.null();
    else ofText(text, to);
    return undefined;
  };
  return plainPutter(how, slow) ?? slow;
}

/** True where the server has other bytes for a value than those that were sent: then it is compared by its value. */
export const isReshaped = ({ type }: How): boolean => type === 'jsonb' || /^character\(/.test(type);

type PutText = (text: string, to: Tuples) => void;

/** From what a converter answers. */
function textPutter(type: string): PutText | undefined {
  const plain = TEXTS[type];
  if (plain !== undefined) return plain;
  const [, scale] = /^numeric(?:\(\d+,(-?\d+)\))?$/.exec(type) ?? [];
  const decimals = scale === undefined ? undefined : Number(scale);
  if (/^numeric/.test(type)) return (text, to) => putNumeric(text, decimals, to);
  const canon = canonOf(type);
  if (/^timestamp/.test(type)) return (text, to) => put64(microsOf(canon(text)), to);
  if (/^time(\(\d\))? without/.test(type)) return (text, to) => put64(BigInt(canon(text)), to);
  // texts of every kind, also the labels of an enum
  return (text, to) => to.text(text);
}

const TEXTS: Readonly<Record<string, PutText>> = {
  smallint: (text, to) => {
    to.int32(2);
    to.int16(Number(text));
  },
  integer: (text, to) => {
    to.int32(4);
    to.int32(Number(text));
  },
  bigint: (text, to) => put64(BigInt(text), to),
  'double precision': (text, to) => {
    to.int32(8);
    to.float64(Number(text));
  },
  real: (text, to) => {
    to.int32(4);
    to.float32(Number(text));
  },
  boolean: (text, to) => putBoolean(text === 't', to),
  bytea: (text, to) => to.raw(Buffer.from(text.slice(2), 'hex')),
  uuid: (text, to) => to.raw(Buffer.from(text.replaceAll('-', ''), 'hex')),
  date: (text, to) => {
    const days = Number(canonOf('timestamp without time zone')(`${text} 00:00:00`)) / 86_400e6;
    to.int32(4);
    to.int32(days - SINCE_2000.days);
  },
  // the first version of its format
  jsonb: (text, to) => to.text(text, 1),
};

function put64(value: bigint, to: Tuples): void {
  to.int32(8);
  to.int64(value);
}

function putBoolean(value: boolean, to: Tuples): void {
  to.int32(1);
  to.bytes[to.at++] = value ? 1 : 0;
}

/** Since 2000, from what {@link canonOf} has of a moment. */
function microsOf(canonical: string | number): bigint {
  if (typeof canonical === 'number') return BigInt(canonical) - BigInt(SINCE_2000.micros);
  const [days = '', micros = ''] = canonical.split(':');
  return BigInt(days) * 86_400_000_000n + BigInt(micros) - BigInt(SINCE_2000.micros);
}

/** Without a text in between, for the cells that nearly all are. */
function plainPutter({ type, instants, convert }: How, slow: Put): Put | undefined {
  if (type === 'bigint')
    return (cell, to) => {
      if (typeof cell !== 'bigint') return slow(cell, to);
      put64(cell, to);
      return undefined;
    };
  if (type === 'boolean')
    return (cell, to) => {
      if (cell !== 0n && cell !== 1n) return slow(cell, to);
      putBoolean(cell === 1n, to);
      return undefined;
    };
  if (type === 'double precision')
    return (cell, to) => {
      if (typeof cell !== 'number') return slow(cell, to);
      to.int32(8);
      to.float64(cell);
      return undefined;
    };
  const [, digits, scale] = /^numeric\((\d+),(\d+)\)$/.exec(type) ?? [];
  if (digits !== undefined)
    return (cell, to) =>
      typeof cell === 'number' && putDecimal(cell, Number(digits), Number(scale), to)
        ? undefined
        : slow(cell, to);
  if (type === 'bytea')
    return (cell, to) => {
      if (!(cell instanceof Uint8Array)) return slow(cell, to);
      to.raw(cell);
      return undefined;
    };
  if (instants !== undefined && /^timestamp with(out)? time zone$/.test(type))
    return (cell, to) => {
      const micros = instants.cell(cell);
      if (micros === undefined) return slow(cell, to);
      put64(BigInt(micros - SINCE_2000.micros), to);
      return undefined;
    };
  if (type === 'date')
    return (cell, to) => {
      const text = typeof cell === 'string' && cell.length === 10 ? plainBytes(cell) : undefined;
      const day = text === undefined ? undefined : plainDay(text);
      if (day === undefined) return slow(cell, to);
      to.int32(4);
      to.int32(day - SINCE_2000.days);
      return undefined;
    };
  if (/^(text|character varying)/.test(type))
    return (cell, to) => {
      const text = convert(cell, note);
      if (text instanceof Refusal) return text;
      if (text === null) to.null();
      else to.text(text);
      return undefined;
    };
  return undefined;
}
