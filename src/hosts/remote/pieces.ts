import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';

/**
 * Bytes that are read at once, which are still in the processor's cache when they are reckoned over. 1 MB at a time by
 * threads costs twice as much.
 */
const PIECE = 256 << 10;
/** Pieces before something else has its turn. */
const PIECES = 16;

/**
 * What an open file holds from `at` on, up to `end`, as far as it goes; a piece is overwritten by the next. It is what has
 * just been read or written by somebody: nothing waits for a disk, and no thread is needed for that.
 */
export async function* pieces(
  file: FileHandle,
  at: number,
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafe(PIECE);
  for (let [from, count] = [at, 1]; from < end; count++) {
    const bytes = readSync(file.fd, piece, 0, Math.min(PIECE, end - from), from);
    if (bytes === 0) return;
    yield piece.subarray(0, bytes);
    from += bytes;
    if (count % PIECES === 0) await turn();
  }
}
