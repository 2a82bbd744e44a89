import type { Session } from '../../db/session.ts';

/** Places of rows, as `(block,offset)`, in six bytes each: there may be millions. */
export class Places {
  #blocks = new Uint32Array(1024);
  #offsets = new Uint16Array(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(block: number, offset: number): void {
    if (this.#length === this.#blocks.length) {
      const blocks = new Uint32Array(2 * this.#length);
      const offsets = new Uint16Array(2 * this.#length);
      blocks.set(this.#blocks);
      offsets.set(this.#offsets);
      this.#blocks = blocks;
      this.#offsets = offsets;
    }
    this.#blocks[this.#length] = block;
    this.#offsets[this.#length] = offset;
    this.#length++;
  }

  /** So many from `from` on, as SQL writes an array of them. */
  slice(from: number, count: number): string {
    const to = Math.min(from + count, this.#length);
    const texts: string[] = [];
    for (let at = from; at < to; at++) texts.push(`"(${this.#blocks[at]},${this.#offsets[at]})"`);
    return `{${texts.join(',')}}`;
  }
}

/** The places that a COPY gives. Throws DbError. */
export async function placesOf(session: Session, copy: string): Promise<Places> {
  const places = new Places();
  let rest = '';
  await session.copyOut(copy, async (chunk) => {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const comma = line.indexOf(',');
      places.add(Number(line.slice(1, comma)), Number(line.slice(comma + 1, -1)));
    }
  });
  return places;
}
