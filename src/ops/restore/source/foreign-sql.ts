import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import type { Archive } from '../../archive/kind.ts';
import { OpError } from '../../error.ts';
import type { StepIo } from '../../operation.ts';
import { decompressorOf } from './source.ts';

/** `\c` cannot begin a row of COPY, where a backslash is written as two. */
const CONNECT = /^\\c(onnect)?[ \t"]/;
const CLUSTER = /^(CREATE|ALTER|DROP) (DATABASE|ROLE|USER|TABLESPACE)\s/i;
const COPY = /^COPY .* FROM stdin;$/;
const HEAD = 200;

/**
 * Reads a dump that others made and refuses it when it leaves the database that it is loaded into: `pg_dump --create`
 * and pg_dumpall write `\connect`, and psql would load the live database. Throws {@link OpError}.
 */
export async function refuseLeaving(io: StepIo, archive: Archive): Promise<void> {
  const look = new Look();
  const { signal, host } = io;
  const program = decompressorOf(archive.kind);
  if (program === 'zstd')
    await host.run('zstd', ['-dcq', '--', archive.path], {
      signal,
      onStdout: (piece) => look.write(piece),
      maxOutput: 4096,
    });
  else {
    const file = createReadStream(archive.path, { highWaterMark: 1 << 20 });
    const sink = async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) look.write(piece);
    };
    if (program === 'gzip') await pipeline(file, zlib.createGunzip({ chunkSize: 1 << 20 }), sink, { signal });
    else await pipeline(file, sink, { signal });
  }
  look.end();
  if (look.found === undefined) return;
  throw new OpError(
    'refused',
    `This dump would leave the database it is loaded into; it says: ${look.found}`,
    'It was made with pg_dump --create or pg_dumpall: load it by hand with psql, or make one without --create.',
  );
}

/** Looks at the beginnings of lines; of a long line nothing else is made into text. */
class Look {
  found: string | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #data = false;

  write(piece: Buffer): void {
    if (this.found !== undefined) return;
    const text = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    let at = 0;
    for (let end = text.indexOf(10, at); end >= 0; end = text.indexOf(10, at)) {
      this.#line(text, at, end);
      at = end + 1;
    }
    this.#rest = text.subarray(at);
  }

  end(): void {
    this.#line(this.#rest, 0, this.#rest.length);
  }

  #line(text: Buffer, from: number, to: number): void {
    const first = text[from];
    if (first === BACKSLASH) {
      if (this.#data && to - from <= 3 && text[from + 1] === DOT) this.#data = false;
      else if (CONNECT.test(head(text, from, to))) this.found ??= head(text, from, to);
    } else if (!this.#data && first !== undefined && STARTS.has(first)) {
      const line = text.toString('utf8', from, Math.min(to, from + (first === LETTER_C ? 65_536 : HEAD)));
      if (COPY.test(line.trimEnd())) this.#data = true;
      else if (CLUSTER.test(line)) this.found ??= line.slice(0, HEAD);
    }
  }
}

const BACKSLASH = 0x5c;
const DOT = 0x2e;
const LETTER_C = 0x43;
/** The first letters of the commands that are looked for. */
const STARTS = new Set([...'CADcad'].map((letter) => letter.charCodeAt(0)));

function head(text: Buffer, from: number, to: number): string {
  return text.toString('utf8', from, Math.min(to, from + HEAD));
}
