import type { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** After the end of a program, for so long without a word. */
const SILENT_MS = 1_000;

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
    stream.on('error', done).on('close', done);
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

/** Tells each whole line of a stream, and keeps nothing of it. */
export function tellLines(stream: Readable, tell: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', tell);
}

/**
 * Closes what a child wrote to, once it has ended and nothing more comes: what it has started in the background, a service
 * or a daemon, may hold its output open for as long as it lives.
 */
export function letGo(child: EventEmitter, streams: readonly Readable[]): void {
  child.once('exit', () => {
    let heard = false;
    const look = () => {
      // where this process stood still, the timer is over before what waits in the pipe is read: that comes first
      setImmediate(() => {
        if (heard) listen();
        else for (const stream of streams) stream.destroy();
      });
    };
    const listen = () => {
      heard = false;
      setTimeout(look, SILENT_MS).unref();
    };
    for (const stream of streams)
      stream.on('data', () => {
        heard = true;
      });
    listen();
  });
}
