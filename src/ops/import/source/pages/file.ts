import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes that are read at once where pages are asked for one after the other. */
const AHEAD = 256 * 1024;
/** Of the header of a file. */
const HEADER = 100;

/**
 * A copy of a SQLite database that nobody writes to, by its pages: https://www.sqlite.org/fileformat.html, which holds for
 * every version since 3.0.0. Nothing in it is believed. Throws {@link Unsound}.
 */
export class PageFile {
  readonly #file: number;
  readonly #pageSize: number;
  /** Bytes of a page that hold something of it: others may be kept for an extension. */
  readonly usable: number;
  /** Its texts are UTF-8. */
  readonly utf8: boolean;
  readonly #tree: Window;
  readonly #overflow: Window;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    const head = Buffer.alloc(HEADER);
    readSync(this.#file, head, 0, HEADER, 0);
    const size = head.readUInt16BE(16);
    this.#pageSize = size === 1 ? 65_536 : size;
    this.usable = this.#pageSize - (head[20] ?? 0);
    // 0 in a file without a table
    this.utf8 = head.readUInt32BE(56) <= 1;
    if (this.#pageSize < 512 || this.usable < 480) throw new Unsound('its header is none');
    this.#tree = new Window(this.#file, this.#pageSize);
    this.#overflow = new Window(this.#file, this.#pageSize);
  }

  /** A page of a tree; its bytes hold until the next one of a tree is asked for. */
  page(number: number): { readonly bytes: Buffer; readonly at: number } {
    return this.#tree.page(number);
  }

  /** A page of what did not fit in one. */
  overflow(number: number): { readonly bytes: Buffer; readonly at: number } {
    return this.#overflow.page(number);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** What is no database in its pages, or not the one that SQLite reads. */
export class Unsound extends Error {
  override readonly name = 'Unsound';
}

/** Pages that lie beside each other, in memory. */
class Window {
  readonly #file: number;
  readonly #pageSize: number;
  readonly #given: { bytes: Buffer; at: number };
  /** Of the file. */
  #begin = 0;
  #end = 0;
  #ahead: number;

  constructor(file: number, pageSize: number) {
    this.#file = file;
    this.#pageSize = pageSize;
    this.#ahead = pageSize;
    this.#given = { bytes: Buffer.allocUnsafeSlow(Math.max(AHEAD, pageSize)), at: 0 };
  }

  page(number: number): { readonly bytes: Buffer; readonly at: number } {
    if (number < 1) throw new Unsound(`it has no page ${number}`);
    const wanted = (number - 1) * this.#pageSize;
    if (wanted < this.#begin || wanted + this.#pageSize > this.#end) this.#read(wanted);
    this.#given.at = wanted - this.#begin;
    return this.#given;
  }

  /** More at once, as long as they are asked for in their order. */
  #read(wanted: number): void {
    const { bytes } = this.#given;
    const near = wanted >= this.#end && wanted - this.#end < this.#ahead;
    this.#ahead = near ? Math.min(this.#ahead * 2, bytes.length) : this.#pageSize;
    const read = readSync(this.#file, bytes, 0, this.#ahead, wanted);
    if (read < this.#pageSize) throw new Unsound('it is cut short');
    this.#begin = wanted;
    this.#end = wanted + read;
  }
}
