import { createReadStream } from 'node:fs';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import zlib from 'node:zlib';
import { archiveErrors } from './errors.ts';
import type { Archive } from './kind.ts';

const PIECE = 1 << 20;

/** What unpacks it within this process; `program` where only zstd itself can. */
export function decompressor({ kind }: Pick<Archive, 'kind'>): Transform | undefined | 'program' {
  if (kind === 'sql.gz') return zlib.createGunzip({ chunkSize: PIECE });
  if (kind !== 'sql.zst') return undefined;
  // Node 22.15 and later
  return typeof zlib.createZstdDecompress === 'function'
    ? zlib.createZstdDecompress({ chunkSize: PIECE })
    : 'program';
}

/**
 * The text of a dump as it is sent to programs of another host, by way of these. Reading it throws what any of them
 * throws, and {@link ../error.ts OpError} where this program cannot unpack it.
 */
export function textOf(archive: Archive, ...by: Transform[]): AsyncIterable<Buffer> {
  const unpack = decompressor(archive);
  if (unpack === 'program') throw archiveErrors.noUnpacking({ path: archive.path });
  const file = createReadStream(archive.path, { highWaterMark: PIECE });
  const all = [...(unpack === undefined ? [] : [unpack]), ...by];
  const last = all.at(-1);
  if (last === undefined) return file;
  // whoever reads the last one is told what went wrong before
  pipeline([file, ...all], () => {});
  return last;
}

/** What was read is what was looked at, or it does not end. */
export async function* unchanged(
  from: AsyncIterable<Buffer>,
  bytes: { unchanged(): Promise<void> },
): AsyncGenerator<Buffer> {
  yield* from;
  await bytes.unchanged();
}

const FIRST_LINES = 60;
const SETTING = 'SET transaction_timeout = 0;';

/** Takes out the SET of a setting that an older server does not know: it stands in the first lines, before any data. */
export class StripTimeout extends Transform {
  #line = 0;
  #rest = '';

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#line >= FIRST_LINES) {
      done(null, piece);
      return;
    }
    // each byte a character
    const lines = (this.#rest + piece.toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const left = this.#line++ < FIRST_LINES && line === SETTING;
      if (!left) this.push(Buffer.from(`${line}\n`, 'latin1'));
    }
    if (this.#line >= FIRST_LINES) this.#release();
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#release();
    done();
  }

  #release(): void {
    if (this.#rest !== '') this.push(Buffer.from(this.#rest, 'latin1'));
    this.#rest = '';
  }
}
