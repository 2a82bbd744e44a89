/** Bytes from which on they are given back at once. */
const WORTH = 16 << 10;

/** The memory that is a piece's alone; none where it is small: it is not worth it, and age looks at its header again. */
export function ownOf({ buffer, byteLength }: Uint8Array): ArrayBuffer[] {
  return byteLength >= WORTH && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer
    ? [buffer]
    : [];
}

/** Gives the memory of a piece back now, which has nothing in it then: V8 lets 64 MB of it lie before it collects any. */
export function giveBack(piece: Uint8Array): void {
  for (const buffer of ownOf(piece)) buffer.transfer(0);
}
