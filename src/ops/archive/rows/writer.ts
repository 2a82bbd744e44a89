import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { sync } from '../../files/durable.ts';
import { checkedPart } from './checked.ts';
import { rowsErrors } from './errors.ts';
import {
  codeOf,
  emptyManifest,
  partFile,
  type RowsAbout,
  type RowsManifest,
  type RowsPart,
  type RowsPartition,
  readManifest,
  writeManifest,
} from './manifest.ts';

/** A part that is written and on the disk, and whose transaction is not committed yet. */
export interface PendingPart extends RowsPart {
  /** It stays: its transaction was committed. */
  keep(): void;
  /** It goes: its transaction was not committed. Throws {@link OpError}. */
  drop(): Promise<void>;
}

/** Gives the bytes of a part, as `COPY … (FORMAT csv)` makes them, to `take`; answers the number of rows. */
export type Filling = (take: (chunk: Buffer) => Promise<void>) => Promise<number>;

/**
 * An archive of rows that is being written: a directory of parts, each what one transaction has taken out of a table,
 * and a manifest with the checksum of each and of all. A part is on the disk before its transaction is committed.
 */
export class RowsWriter {
  readonly directory: string;
  readonly #manifest: RowsManifest;
  readonly #parts: RowsPart[] = [];
  readonly #partitions: RowsPartition[] = [];
  #whole: Hash = createHash('sha256');
  /** A part whose transaction is about to be committed, or was: nobody has heard yet. */
  pending: { readonly part: PendingPart; readonly xid: string } | undefined;

  private constructor(directory: string, manifest: RowsManifest) {
    this.directory = directory;
    this.#manifest = manifest;
  }

  /** Makes the directory, which must not be there, with a manifest of what it will be. Throws {@link OpError}. */
  static async begin(directory: string, about: RowsAbout, now: Date): Promise<RowsWriter> {
    try {
      await mkdir(dirname(directory), { recursive: true, mode: 0o700 });
      await mkdir(directory, { mode: 0o700 });
      await sync(dirname(directory));
    } catch (error) {
      throw rowsErrors.unwritable({ path: directory, code: codeOf(error) }, error);
    }
    const manifest = emptyManifest(about, now);
    await writeManifest(directory, manifest);
    return new RowsWriter(directory, manifest);
  }

  /**
   * Goes on with an archive that was finished: its parts stay, and until it is finished again it cannot be read. Throws
   * {@link OpError}.
   */
  static async again(directory: string): Promise<RowsWriter> {
    const manifest = await readManifest(directory);
    const writer = new RowsWriter(directory, manifest);
    for (const part of manifest.parts) {
      await checkedPart(directory, part, (chunk) => writer.#whole.update(chunk));
      writer.#parts.push(part);
    }
    writer.#partitions.push(...(manifest.partitions ?? []));
    await writeManifest(directory, { ...manifest, ended_at: null, sha256: null });
    return writer;
  }

  get searchPath(): string {
    return this.#manifest.searchPath;
  }

  /** How many parts are kept. */
  get parts(): number {
    return this.#parts.length;
  }

  get rows(): number {
    return this.#parts.reduce((sum, { rows }) => sum + rows, 0);
  }

  get bytes(): number {
    return this.#parts.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Writes the next part; it is on the disk when this returns. One that is not kept afterwards is not of the archive, and
   * the next one has its name. Throws {@link OpError} when it cannot be written, and what `fill` throws; nothing is
   * left of it then.
   */
  async part(relation: string, fill: Filling, digest?: string): Promise<PendingPart> {
    const file = partFile(this.#parts.length + 1);
    const path = join(this.directory, file);
    const whole = this.#whole.copy();
    try {
      const { rows, bytes, sha256 } = await written(path, whole, fill);
      await sync(this.directory);
      const part: RowsPart = { file, relation, rows, bytes, sha256, ...(digest !== undefined && { digest }) };
      return {
        ...part,
        keep: () => {
          this.#parts.push(part);
          this.#whole = whole;
        },
        drop: () => removed(path),
      };
    } catch (error) {
      await removed(path).catch(() => {});
      throw error;
    }
  }

  /** Notes a partition that is dropped with what was archived of it. */
  dropped(partition: RowsPartition): void {
    this.#partitions.push(partition);
  }

  /** Writes the manifest with all parts: from then on the archive can be read. Throws {@link OpError}. */
  async end(now: Date): Promise<RowsManifest> {
    const manifest: RowsManifest = {
      ...this.#manifest,
      ended_at: now.toISOString(),
      parts: this.#parts,
      ...(this.#partitions.length > 0 && { partitions: this.#partitions }),
      rows: this.rows,
      sha256: this.#whole.copy().digest('hex'),
    };
    await writeManifest(this.directory, manifest);
    return manifest;
  }

  /** Removes an archive that has no part. */
  async discard(): Promise<void> {
    if (this.#parts.length === 0) await rm(this.directory, { recursive: true, force: true });
  }
}

async function written(
  path: string,
  whole: Hash,
  fill: Filling,
): Promise<Pick<RowsPart, 'rows' | 'bytes' | 'sha256'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  const disk = <T>(work: Promise<T>) =>
    work.catch((error: unknown) => {
      throw rowsErrors.unwritable({ path, code: codeOf(error) }, error);
    });
  // what a killed run has left under this name was never committed
  const file = await disk(open(path, 'w', 0o600));
  try {
    // others wait for these rows meanwhile: a better level takes three times as long
    const gzip = createGzip({ level: 3 });
    const done = pipeline(gzip, async (compressed: AsyncIterable<Buffer>) => {
      for await (const chunk of compressed) {
        hash.update(chunk);
        whole.update(chunk);
        bytes += chunk.length;
        for (let at = 0; at < chunk.length; )
          at += (await disk(file.write(chunk, at, chunk.length - at))).bytesWritten;
      }
    });
    done.catch(() => {});
    const rows = await fill(async (chunk) => {
      if (!gzip.write(chunk)) await Promise.race([once(gzip, 'drain'), done]);
    }).catch(async (error: unknown) => {
      gzip.destroy();
      await done.catch(() => {});
      throw error;
    });
    gzip.end();
    await done;
    await disk(file.sync());
    return { rows, bytes, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

async function removed(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
    await sync(dirname(path));
  } catch (error) {
    throw rowsErrors.unwritable({ path, code: codeOf(error) }, error);
  }
}
