import { createHash } from 'node:crypto';

/** Begins what is sent and what comes: no flags, no more of a header. */
export const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');

/** Bytes of the memory that rows are written to; a piece is handed on before it is full. */
const ROOM = 512 * 1024;

/** Bytes up to which a loop is quicker than a call. */
const SHORT = 64;

/** Rows in the binary format of COPY. The same memory is used for each piece: what is handed on holds until the next row. */
export class Tuples {
  bytes: Buffer = Buffer.allocUnsafeSlow(ROOM);
  #view = viewOf(this.bytes);
  /** Behind the last byte that is written. */
  at = 0;

  /** Sees to it that so many bytes more have a place. */
  room(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + bytes));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
    this.#view = viewOf(larger);
  }

  int16(value: number): void {
    this.#view.setInt16(this.at, value);
    this.at += 2;
  }

  int32(value: number): void {
    this.#view.setInt32(this.at, value);
    this.at += 4;
  }

  int64(value: bigint): void {
    this.#view.setBigInt64(this.at, value);
    this.at += 8;
  }

  /** A whole number that a double holds. */
  whole64(value: number): void {
    const high = Math.floor(value / 4294967296);
    this.#view.setInt32(this.at, high);
    this.#view.setInt32(this.at + 4, value - high * 4294967296);
    this.at += 8;
  }

  float64(value: number): void {
    this.#view.setFloat64(this.at, value);
    this.at += 8;
  }

  float32(value: number): void {
    this.#view.setFloat32(this.at, value);
    this.at += 4;
  }

  /** A text behind its length, which counts `head` bytes that are before it. */
  text(text: string, head?: number): void {
    this.room(text.length * 3 + 5);
    const begin = this.at + 4;
    this.at = begin;
    if (head !== undefined) this.bytes[this.at++] = head;
    this.at += this.bytes.write(text, this.at, 'utf8');
    this.#view.setInt32(begin - 4, this.at - begin);
  }

  /** A text, and nothing else. */
  line(text: string): void {
    this.room(text.length * 3);
    this.at += this.bytes.write(text, this.at, 'utf8');
  }

  /** Bytes, and nothing else. */
  copy(from: Buffer, begin = 0, end = from.length): void {
    this.room(end - begin);
    from.copy(this.bytes, this.at, begin, end);
    this.at += end - begin;
  }

  /** Bytes behind their length. */
  raw(bytes: Uint8Array): void {
    this.room(bytes.length + 4);
    this.int32(bytes.length);
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** Bytes of a memory behind their length, which counts `head`, a byte before them. */
  part(from: Buffer, begin: number, end: number, head?: number): void {
    const more = head === undefined ? 0 : 1;
    this.room(end - begin + more + 4);
    this.int32(end - begin + more);
    if (head !== undefined) this.bytes[this.at++] = head;
    if (end - begin > SHORT) from.copy(this.bytes, this.at, begin, end);
    else for (let at = begin, to = this.at; at < end; at++, to++) this.bytes[to] = from[at] ?? 0;
    this.at += end - begin;
  }

  /** A text behind its length where it is ASCII without a NUL; else false, and nothing is written. It has its room. */
  ascii(from: Buffer, begin: number, end: number): boolean {
    const { bytes } = this;
    for (let at = begin, to = this.at + 4; at < end; at++, to++) {
      const byte = from[at] ?? 0;
      if (byte === 0 || byte > 127) return false;
      bytes[to] = byte;
    }
    this.int32(end - begin);
    this.at += end - begin;
    return true;
  }

  null(): void {
    this.int32(-1);
  }

  /** What was written; it is written over by the next. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.at);
    // one row may have been larger than all others together
    if (this.bytes.length > ROOM) {
      this.bytes = Buffer.allocUnsafeSlow(ROOM);
      this.#view = viewOf(this.bytes);
    }
    this.at = 0;
    return taken;
  }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Buffer): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** The hash of what a COPY to STDOUT gives of the rows that are sent: of all columns, or of the first ones. */
export class Echo {
  readonly #hash = createHash('sha256');
  readonly #first: Tuples | undefined;
  readonly #width: number;

  constructor(width: number | undefined) {
    this.#width = width ?? 0;
    this.#first = width === undefined ? undefined : new Tuples();
    this.#first?.copy(HEADER);
  }

  /** A row, of which the first columns lie there. */
  row(bytes: Buffer, begin: number, end: number): void {
    if (this.#first === undefined) return;
    this.#first.int16(this.#width);
    this.#first.copy(bytes, begin, end);
    if (this.#first.at > ROOM / 2) this.#hash.update(this.#first.take());
    this.#first.room(2);
  }

  /** What is sent. */
  piece(bytes: Buffer): void {
    if (this.#first === undefined) this.#hash.update(bytes);
  }

  /** The last of it. */
  end(bytes: Buffer): string {
    this.piece(bytes);
    this.#first?.int16(-1);
    if (this.#first !== undefined) this.#hash.update(this.#first.take());
    return this.#hash.digest('hex');
  }
}
