import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { remoteErrors } from '../errors.ts';
import type { KnownSource, Source, Stored, StoreIo } from './store.ts';

/** Bytes of a file that are read at once. */
const PIECE = 256 << 10;

/** A file of this machine that is stored as it is. */
export function fileSource(path: string, bytes: number, sha256: string): KnownSource {
  return {
    bytes,
    sha256,
    own: true,
    open: (signal) => createReadStream(path, { highWaterMark: PIECE, signal }),
  };
}

/** What is small enough to be held. */
export function textSource(text: string | Uint8Array): KnownSource {
  const held = Buffer.from(text);
  return {
    bytes: held.length,
    sha256: createHash('sha256').update(held).digest('hex'),
    open: async function* () {
      // whoever encrypts it takes what it is given
      yield Buffer.from(held);
    },
  };
}

/**
 * The parts of a source, counted and reckoned over. It throws at its end, before whoever stores it takes it for whole,
 * where it is not what the source says.
 */
export class Counted {
  readonly #source: Source;
  readonly #path: string;
  readonly #io: StoreIo;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #stored: Stored | undefined;

  constructor(source: Source, path: string, io: StoreIo) {
    this.#source = source;
    this.#path = path;
    this.#io = io;
  }

  async *parts(): AsyncGenerator<Uint8Array> {
    const { bytes, sha256 } = this.#source;
    for await (const part of this.#source.open(this.#io.signal)) {
      this.#hash.update(part);
      this.#bytes += part.length;
      this.#io.onBytes?.(part.length);
      yield part;
    }
    this.#stored = { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
    if ((bytes ?? this.#bytes) !== this.#bytes || (sha256 ?? this.#stored.sha256) !== this.#stored.sha256)
      throw remoteErrors.otherBytes({ path: this.#path });
  }

  /** Once all parts were taken. */
  get stored(): Stored {
    if (this.#stored === undefined) throw new Error(`${this.#path} was not read to its end.`);
    return this.#stored;
  }
}
