/** A name of PostgreSQL has so many bytes at most, and is cut silently where it has more. */
const LONGEST = 63;
/** Every table has these columns. */
const SYSTEM = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']);

/** Gives names that PostgreSQL keeps as they are; the first who asks for one gets it. */
export class Names {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** The same name, or one that is like it where that cannot be. */
  give(name: string): string {
    for (let nr = 1; ; nr++) {
      const given = cut(name, nr === 1 ? '' : `_${nr}`);
      if (this.#taken.has(given)) continue;
      this.#taken.add(given);
      return given;
    }
  }
}

/** Names of the columns of a table. */
export const columnNames = (): Names => new Names(SYSTEM);

function cut(name: string, suffix: string): string {
  // a NUL is in no name; SQLite ends its texts there too
  const bytes = Buffer.from(name.replaceAll('\0', ''));
  const room = LONGEST - suffix.length;
  if (bytes.length <= room) return `${bytes}${suffix}`;
  let end = room;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end)}${suffix}`;
}
