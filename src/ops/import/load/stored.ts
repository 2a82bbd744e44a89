import { isUtf8 } from 'node:buffer';
import type { How } from '../convert/how.ts';
import { plainDay } from '../convert/plain.ts';
import type { Instants } from '../convert/times.ts';
import { type Cell, Refusal } from '../convert/value.ts';
import { KIND, type StoredRow } from '../source/pages/record.ts';
import { type Put, SINCE_2000 } from './binary.ts';
import { isPlainJson } from './json.ts';
import type { Tuples } from './tuples.ts';

/** Like {@link Put}, of a column of a row as it lies in its page, which is not NULL there. */
export type StoredPut = (row: StoredRow, column: number, to: Tuples) => Refusal | undefined;

/**
 * The same as `put` does, without a value of its own for each cell where it is one that nearly all are: bytes go from the page
 * to what is sent. `binary`: {@link How}'s bytes are what `put` writes.
 */
export function storedPutter(how: How, put: Put, binary: boolean): StoredPut {
  const slow: StoredPut = (row, column, to) => {
    const cell = row.cell(column);
    return cell instanceof Refusal ? cell : put(cell as Exclude<Cell, null>, to);
  };
  return (binary ? quickPutter(how, slow) : undefined) ?? slow;
}

function quickPutter({ type, instants, keepsText }: How, slow: StoredPut): StoredPut | undefined {
  if (type === 'bigint') return integer8(slow);
  if (type === 'integer' || type === 'smallint') return integerUpTo(type === 'integer' ? 4 : 2, slow);
  if (type === 'boolean') return boolean(slow);
  if (type === 'double precision') return double(slow);
  if (type === 'bytea') return bytes(slow);
  if (keepsText !== undefined) return text(keepsText, slow);
  if (type === 'date') return date(slow);
  if (type === 'jsonb') return json(slow);
  if (instants !== undefined && /^timestamp with(out)? time zone$/.test(type)) return time(instants, slow);
  return undefined;
}

/** An integer whose value {@link StoredRow.small} has, and that is not kept as one only to spare bytes. */
const isSmall = (row: StoredRow, column: number): boolean => {
  const kind = row.kinds[column] ?? 0;
  return (
    ((kind >= KIND.INT8 && kind <= KIND.INT48) || kind === KIND.ZERO || kind === KIND.ONE) &&
    !row.isReal(column)
  );
};

function integer8(slow: StoredPut): StoredPut {
  return (row, column, to) => {
    const kind = row.kinds[column];
    if (kind === KIND.ROWID) {
      to.int32(8);
      to.int32(row.high);
      to.int32(row.low);
      return undefined;
    }
    if (!isSmall(row, column)) return slow(row, column, to);
    to.int32(8);
    to.whole64(row.small(column));
    return undefined;
  };
}

function integerUpTo(size: 2 | 4, slow: StoredPut): StoredPut {
  const limit = 2 ** (size * 8 - 1);
  return (row, column, to) => {
    const value = isSmall(row, column) ? row.small(column) : Number.NaN;
    if (!(value >= -limit && value < limit)) return slow(row, column, to);
    to.int32(size);
    if (size === 4) to.int32(value);
    else to.int16(value);
    return undefined;
  };
}

function boolean(slow: StoredPut): StoredPut {
  return (row, column, to) => {
    const kind = row.kinds[column];
    if (kind !== KIND.ZERO && kind !== KIND.ONE) return slow(row, column, to);
    to.int32(1);
    to.bytes[to.at++] = kind === KIND.ONE ? 1 : 0;
    return undefined;
  };
}

function double(slow: StoredPut): StoredPut {
  return (row, column, to) => {
    if (row.kinds[column] === KIND.REAL) {
      to.part(row.bytes, row.begins[column] ?? 0, row.ends[column] ?? 0);
      return undefined;
    }
    const kind = row.kinds[column] ?? 0;
    if (kind >= KIND.INT64 && kind !== KIND.ZERO && kind !== KIND.ONE) return slow(row, column, to);
    to.int32(8);
    to.float64(row.small(column));
    return undefined;
  };
}

function bytes(slow: StoredPut): StoredPut {
  return (row, column, to) => {
    if (row.kinds[column] !== KIND.BLOB) return slow(row, column, to);
    to.part(row.bytes, row.begins[column] ?? 0, row.ends[column] ?? 0);
    return undefined;
  };
}

/** Bytes up to which a loop is quicker than a call. */
const SHORT = 96;

/** Of at most so many characters: none has less than a byte. */
function text(most: number, slow: StoredPut): StoredPut {
  return (row, column, to) => {
    const [begin, end] = [row.begins[column] ?? 0, row.ends[column] ?? 0];
    if (row.kinds[column] !== KIND.TEXT || end - begin > most) return slow(row, column, to);
    to.room(end - begin + 4);
    const plain = end - begin <= SHORT ? to.ascii(row.bytes, begin, end) : false;
    if (plain) return undefined;
    const all = row.bytes.subarray(begin, end);
    if (!isUtf8(all) || all.indexOf(0) >= 0) return slow(row, column, to);
    to.raw(all);
    return undefined;
  };
}

function date(slow: StoredPut): StoredPut {
  return (row, column, to) => {
    const begin = row.begins[column] ?? 0;
    const may = row.kinds[column] === KIND.TEXT && (row.ends[column] ?? 0) - begin === 10;
    const day = may ? plainDay(row.bytes, begin) : undefined;
    if (day === undefined) return slow(row, column, to);
    to.int32(4);
    to.int32(day - SINCE_2000.days);
    return undefined;
  };
}

function time({ integer, text }: Instants, slow: StoredPut): StoredPut {
  return (row, column, to) => {
    const begin = row.begins[column] ?? 0;
    let micros: number | undefined;
    if (row.kinds[column] === KIND.TEXT) micros = text(row.bytes, begin, (row.ends[column] ?? 0) - begin);
    else if (isSmall(row, column)) micros = integer(row.small(column));
    if (micros === undefined) return slow(row, column, to);
    to.int32(8);
    to.whole64(micros - SINCE_2000.micros);
    return undefined;
  };
}

function json(slow: StoredPut): StoredPut {
  return (row, column, to) => {
    const [begin, end] = [row.begins[column] ?? 0, row.ends[column] ?? 0];
    if (row.kinds[column] !== KIND.TEXT || !isPlainJson(row.bytes, begin, end)) return slow(row, column, to);
    to.part(row.bytes, begin, end, 1);
    return undefined;
  };
}
