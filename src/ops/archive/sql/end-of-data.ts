const LF = 10;
const CR = 13;
const MARK = Buffer.from('\n\\.');

/**
 * Where the rows of a COPY end, as psql sees it: a line that is `\.` and nothing else. When that is not in the text, up to
 * where it is certain that they do not. `length` is that of the mark with the line feed before it.
 */
export function endOfData(text: Buffer, from: number): { found: boolean; at: number; length: number } {
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
