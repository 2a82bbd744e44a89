import { createHash } from 'node:crypto';
import type { Source } from '../../../../src/ops/remote/store/store.ts';

export const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** In pieces, with or without its size known before. */
export function sourceOf(bytes: Buffer, known = true): Source {
  return {
    bytes: known ? bytes.length : undefined,
    sha256: known ? sum(bytes) : undefined,
    open: async function* () {
      for (let at = 0; at < bytes.length; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20));
    },
  };
}

export async function all(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const part of parts) found.push(part);
  return Buffer.concat(found);
}
