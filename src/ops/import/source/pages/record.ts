import { isUtf8 } from 'node:buffer';
import { type Cell, NO_UTF8, type Refusal, refusal } from '../../convert/value.ts';
import { Unsound } from './file.ts';
import { next, type Stored, upper, varint } from './tree.ts';

/**
 * What lies in a column of a record. Up to 9 they are the numbers that the format has: integers of 1 to 4, 6 and 8 bytes (6:
 * the last), a double, and 0 and 1 without any byte.
 */
export const KIND = {
  ...{ NULL: 0, INT8: 1, INT16: 2, INT24: 3, INT32: 4, INT48: 5, INT64: 6, REAL: 7, ZERO: 8, ONE: 9 },
  /** It is the rowid, which the record does not have. */
  ROWID: 10,
  /** The record is older than the column: it has its default. */
  LATER: 11,
  BLOB: 12,
  TEXT: 13,
} as const;

const SIZES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

export interface RecordColumns {
  readonly count: number;
  /** The place of the one that is the rowid; -1 for none. */
  readonly rowid: number;
  /** Whose affinity is REAL: whole numbers are kept as integers there. */
  readonly real: readonly boolean[];
  /** What a column has in rows that are older than it. */
  readonly later: (column: number, rowid: bigint) => Cell;
}

/** One row after the other, by its columns. */
export class StoredRow {
  bytes: Buffer = Buffer.alloc(0);
  /** Of {@link KIND}, and where its bytes begin and end, by the place of the column in its table. */
  readonly kinds: Uint8Array;
  readonly begins: Uint32Array;
  readonly ends: Uint32Array;
  /** Of the rowid, as {@link Stored} has it. */
  high = 0;
  low = 0;
  readonly #columns: RecordColumns;

  constructor(columns: RecordColumns) {
    this.#columns = columns;
    this.kinds = new Uint8Array(columns.count);
    this.begins = new Uint32Array(columns.count);
    this.ends = new Uint32Array(columns.count);
  }

  /** Throws {@link Unsound}. */
  read({ bytes, begin, end, high, low }: Stored): void {
    const { count, rowid } = this.#columns;
    this.bytes = bytes;
    this.high = high;
    this.low = low;
    let at = begin + varint(bytes, begin);
    const values = at;
    let head = next;
    for (let column = 0; column < count; column++) {
      if (head >= values) {
        this.kinds[column] = this.#columns.later(column, this.rowid) === null ? KIND.NULL : KIND.LATER;
        continue;
      }
      let type = bytes[head] ?? 0;
      if (type < 0x80) head++;
      else {
        type = varint(bytes, head);
        head = next;
        if (upper !== 0) throw new Unsound('a value has more bytes than there can be');
      }
      this.kinds[column] = type < 12 ? type : 12 + (type & 1);
      this.begins[column] = at;
      at += type < 12 ? (SIZES[type] ?? 0) : (type - 12 - (type & 1)) / 2;
      this.ends[column] = at;
      if (type === 10 || type === 11) throw new Unsound(`a value is of a kind that there is not: ${type}`);
      // what is no number is NULL to SQLite
      if (type === KIND.REAL && bytes[at - 8] !== undefined && Number.isNaN(bytes.readDoubleBE(at - 8)))
        this.kinds[column] = KIND.NULL;
    }
    if (values > end || at > end) throw new Unsound('a row is cut short');
    if (rowid >= 0) this.kinds[rowid] = KIND.ROWID;
  }

  isReal(column: number): boolean {
    return this.#columns.real[column] === true;
  }

  /** The integer that lies in a column, where a double holds it: of all kinds but INT64 and ROWID. */
  small(column: number): number {
    const { bytes } = this;
    const at = this.begins[column] ?? 0;
    switch (this.kinds[column]) {
      case KIND.INT8:
        return bytes.readInt8(at);
      case KIND.INT16:
        return bytes.readInt16BE(at);
      case KIND.INT24:
        return bytes.readIntBE(at, 3);
      case KIND.INT32:
        return bytes.readInt32BE(at);
      case KIND.INT48:
        return bytes.readInt16BE(at) * 4294967296 + bytes.readUInt32BE(at + 2);
      default:
        return this.kinds[column] === KIND.ONE ? 1 : 0;
    }
  }

  /** The value as {@link rowsOf} has it; a blob holds until the next row. */
  cell(column: number): Cell | Refusal {
    const { bytes } = this;
    const [begin, end] = [this.begins[column] ?? 0, this.ends[column] ?? 0];
    switch (this.kinds[column]) {
      case KIND.NULL:
        return null;
      case KIND.TEXT:
        return isUtf8(bytes.subarray(begin, end)) ? bytes.toString('utf8', begin, end) : refusal(NO_UTF8);
      case KIND.BLOB:
        return bytes.subarray(begin, end);
      case KIND.REAL:
        return bytes.readDoubleBE(begin);
      case KIND.LATER:
        return this.#columns.later(column, this.rowid);
      case KIND.ROWID:
        return this.rowid;
    }
    const integer = this.kinds[column] === KIND.INT64 ? bytes.readBigInt64BE(begin) : this.small(column);
    return this.isReal(column) ? Number(integer) : BigInt(integer);
  }

  get rowid(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }
}
