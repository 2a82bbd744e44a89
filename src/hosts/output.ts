import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface CollectOptions {
  readonly onLine?: ((line: string) => void) | undefined;
  /** Takes the bytes as they come; nothing is collected then. */
  readonly onChunk?: ((chunk: Buffer) => void) | undefined;
  /** Characters that are kept, the last ones. */
  readonly max?: number | undefined;
}

/** Reads a stream to its end; returns what was collected of it. */
export function collect(stream: Readable, { onLine, onChunk, max }: CollectOptions): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const done = () => resolve(max === undefined ? text : text.slice(-max));
    stream.on('error', done);
    if (onChunk !== undefined) {
      stream.on('data', onChunk).on('end', done);
      return;
    }
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
      // cut now and then, not at every chunk: each cut copies what is kept
      if (max !== undefined && text.length > 2 * max + 65_536) text = text.slice(-max);
    });
    if (onLine === undefined) stream.on('end', done);
    else
      createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
        .on('line', onLine)
        .on('close', done);
  });
}
