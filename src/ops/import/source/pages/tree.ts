import { type PageFile, Unsound } from './file.ts';

/** A row as it lies in its page: a record, which holds until the next one. */
export interface Stored {
  bytes: Buffer;
  begin: number;
  end: number;
  /** Of the rowid: the upper half with its sign, and the lower one without. */
  high: number;
  low: number;
}

const [INTERIOR, LEAF] = [5, 13];
/** Of pages above each other: 2^31 of them, with two children each at least. */
const DEEPEST = 40;

/** Every row of a table that has rowids, in their order. What is given is the same object each time. Throws {@link Unsound}. */
export function* rowsOfTree(file: PageFile, root: number): Generator<Stored> {
  const row: Stored = { bytes: Buffer.alloc(0), begin: 0, end: 0, high: 0, low: 0 };
  const overflow = new Overflow(file);
  for (const number of leaves(file, root, 0)) {
    const { bytes, at } = file.page(number);
    const cells = bytes.readUInt16BE(headOf(number, at) + 3);
    const pointers = headOf(number, at) + 8;
    for (let cell = 0; cell < cells; cell++) {
      const begin = at + bytes.readUInt16BE(pointers + cell * 2);
      // both are at their ends, also where they are cut
      const size = varint(bytes, begin);
      if (upper !== 0) throw new Unsound('a row has more bytes than there can be');
      varint(bytes, next);
      row.high = upper;
      row.low = lower;
      row.bytes = bytes;
      row.begin = next;
      row.end = next + size;
      if (size > file.usable - 35) overflow.gather(row, size);
      else if (row.end > at + file.usable) throw new Unsound('a row goes beyond its page');
      yield row;
    }
  }
}

/** The first page has the header of the file before its own. */
const headOf = (number: number, at: number): number => (number === 1 ? at + 100 : at);

function* leaves(file: PageFile, number: number, depth: number): Generator<number> {
  const { bytes, at } = file.page(number);
  const head = headOf(number, at);
  if (bytes[head] === LEAF) {
    yield number;
    return;
  }
  if (bytes[head] !== INTERIOR || depth > DEEPEST) throw new Unsound(`page ${number} is none of a table`);
  const children = Array.from({ length: bytes.readUInt16BE(head + 3) }, (_, cell) =>
    bytes.readUInt32BE(at + bytes.readUInt16BE(head + 12 + cell * 2)),
  );
  children.push(bytes.readUInt32BE(head + 8));
  for (const child of children) yield* leaves(file, child, depth + 1);
}

/** Puts together what is on several pages. */
class Overflow {
  readonly #file: PageFile;
  #bytes = Buffer.alloc(0);

  constructor(file: PageFile) {
    this.#file = file;
  }

  gather(row: Stored, size: number): void {
    const { usable } = this.#file;
    const least = Math.floor(((usable - 12) * 32) / 255) - 23;
    const some = least + ((size - least) % (usable - 4));
    const here = some <= usable - 35 ? some : least;
    if (this.#bytes.length < size) this.#bytes = Buffer.allocUnsafeSlow(size);
    row.bytes.copy(this.#bytes, 0, row.begin, row.begin + here);
    let number = row.bytes.readUInt32BE(row.begin + here);
    for (let at = here; at < size; ) {
      const page = this.#file.overflow(number);
      number = page.bytes.readUInt32BE(page.at);
      const part = Math.min(size - at, usable - 4);
      page.bytes.copy(this.#bytes, at, page.at + 4, page.at + 4 + part);
      at += part;
    }
    row.bytes = this.#bytes;
    row.begin = 0;
    row.end = size;
  }
}

/** Of the last {@link varint}: what is above 32 bits, and those below; and the place behind it. */
export let upper = 0;
export let lower = 0;
export let next = 0;

/** Reads a number of one to nine bytes; answers its lower 32 bits, and leaves all of it in {@link upper} and {@link lower}. */
export function varint(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) {
    upper = 0;
    lower = first;
    next = at + 1;
    return first;
  }
  let [high, low] = [0, first & 0x7f];
  let place = at + 1;
  for (; place < at + 8; place++) {
    const byte = bytes[place] ?? 0;
    high = ((high << 7) | (low >>> 25)) >>> 0;
    low = ((low << 7) | (byte & 0x7f)) >>> 0;
    if (byte < 0x80) break;
  }
  if (place === at + 8) {
    // the ninth has all of its bits
    high = ((high << 8) | (low >>> 24)) >>> 0;
    low = ((low << 8) | (bytes[place] ?? 0)) >>> 0;
  }
  upper = high | 0;
  lower = low;
  next = place + 1;
  return low;
}
