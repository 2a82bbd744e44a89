const NEWLINE = 10;
const FOUR_NEWLINES = 0x0a0a0a0a;
const LOW_BITS = 0x7f7f7f7f;

/**
 * How many line feeds there are in the bytes from `start` to `end`. Rows are short, so that a search for the next one
 * would be called for every row: it looks at four bytes at a time instead (Warren, Hacker's Delight, 6-1).
 */
export function countNewlines(buffer: Buffer, start: number, end: number): number {
  let count = 0;
  let at = start;
  for (; at < end && ((buffer.byteOffset + at) & 3) !== 0; at++) if (buffer[at] === NEWLINE) count++;
  if (at === end) return count;
  const words = new Int32Array(buffer.buffer, buffer.byteOffset + at, (end - at) >> 2);
  for (let i = 0; i < words.length; i++) {
    const x = (words[i] as number) ^ FOUR_NEWLINES;
    // the highest bit of each byte that was a line feed
    const found = ~(((x & LOW_BITS) + LOW_BITS) | x | LOW_BITS);
    if (found !== 0) count += Math.imul(found >>> 7, 0x01010101) >>> 24;
  }
  for (at += words.length * 4; at < end; at++) if (buffer[at] === NEWLINE) count++;
  return count;
}
