import { countNewlines } from '../../newlines.ts';

const LF = 10;
const CR = 13;
const MARK = Buffer.from('\n\\.');

/**
 * Where the rows of a COPY end, as psql sees it: a line that is `\.` and nothing else. When that is not in the text, up to
 * where it is certain that they do not. `length` is that of the mark with the line feed before it.
 */
function endOfData(text: Buffer, from: number): { found: boolean; at: number; length: number } {
  const { length } = MARK;
  for (let at = text.indexOf(MARK, from); at >= 0; at = text.indexOf(MARK, at + 1)) {
    const after = text[at + length];
    if (after === LF) return { found: true, at, length };
    if (after === undefined) return { found: false, at, length };
    if (after !== CR) continue;
    const last = text[at + length + 1];
    if (last === LF) return { found: true, at, length: length + 1 };
    if (last === undefined) return { found: false, at, length };
  }
  const last = text.lastIndexOf(LF);
  const part = last < from ? MARK.length : text.length - last;
  const begins = part < MARK.length && text.subarray(last).equals(MARK.subarray(0, part));
  return { found: false, at: begins ? last : text.length, length };
}

/** Reads the rows of a COPY from the line feed that ends its head to the mark. */
export class Rows {
  /** The next byte is that line feed: it is no row's. */
  #fresh = false;

  begin(): void {
    this.#fresh = true;
  }

  /** `next`: as the lexer's steps answer, negative where more is needed. */
  read(text: Buffer, from: number): { rows: number; bytes: number; next: number; ended: boolean } {
    const start = this.#fresh ? from + 1 : from;
    const end = endOfData(text, from);
    const until = Math.max(start, end.found ? end.at + 1 : end.at);
    if (end.found || end.at > from) this.#fresh = false;
    const waits = end.at === text.length ? end.at : -end.at - 1;
    return {
      rows: countNewlines(text, start, until),
      bytes: until - start,
      next: end.found ? end.at + end.length : waits,
      ended: end.found,
    };
  }
}
