import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { bytes as inBytes, plural } from '../../../text/units.ts';
import type { Progress } from '../../engine/plan.ts';
import { diskError, filesBelow } from '../../files/durable.ts';
import type { Backup } from '../../repository/repository.ts';
import { sha256File } from '../checksum.ts';
import { archiveErrors } from '../errors.ts';
import { changedErrors, damageErrors } from './errors.ts';

/** A backup, as far as its bytes are concerned. */
export type Stored = Pick<Backup, 'id' | 'path' | 'archive' | 'kind' | 'manifest'>;

export interface CheckIo {
  readonly signal?: AbortSignal;
  progress?(progress: Progress): void;
}

/** What reads a directory archive looks for these where it finds no file of the bare name. */
const PACKED = /\.(gz|lz4|zst)$/;

/**
 * The bytes of one backup from the first look at it to the end of its load: what is loaded is what was compared with
 * the recorded checksums. Whatever is changed meanwhile has another size, or another time of its last change.
 */
export class BackupBytes {
  readonly #backup: Stored;
  readonly #marks: ReadonlyMap<string, string>;
  readonly #compared = new Set<string>();

  private constructor(backup: Stored, marks: ReadonlyMap<string, string>) {
    this.#backup = backup;
    this.#marks = marks;
  }

  /** Remembers what the files are now. Call it before anything is read. Throws {@link OpError}. */
  static async of(backup: Stored): Promise<BackupBytes> {
    const marks = new Map<string, string>();
    for (const path of await filesOf(backup)) marks.set(path, await markOf(path));
    return new BackupBytes(backup, marks);
  }

  /** The files that are read, by their paths. */
  get paths(): readonly string[] {
    return [...this.#marks.keys()];
  }

  /** Why changed bytes cannot be noticed, one sentence; undefined where the checksums are recorded. */
  get unknown(): string | undefined {
    return unknownBytes(this.#backup);
  }

  /**
   * Compares every file that fits with its checksum, each once; answers with a sentence. What was not recorded is not
   * compared. Throws {@link Damage}, {@link Changed}, and {@link OpError} where it cannot be read or is
   * cancelled.
   */
  async compare(io: CheckIo, fits: (path: string) => boolean = () => true): Promise<string> {
    const { path: home, manifest } = this.#backup;
    const files = (manifest?.files ?? []).filter((file) => fits(file.path));
    const left = files.filter(({ path }) => !this.#compared.has(path));
    // sizes first: what was cut is found without reading the rest
    for (const { path, bytes: size } of left) {
      const found = await sizeOf(join(home, path));
      if (found === undefined) throw damageErrors.missing({ path });
      if (found !== size) throw damageErrors.otherSize({ path, bytes: found, recorded: size });
    }
    await refuseShadows(this.#backup);
    const of = left.reduce((sum, file) => sum + file.bytes, 0);
    let done = 0;
    for (const file of left) {
      const sum = await sumOf(join(home, file.path), io.signal, (read) => {
        done += read;
        io.progress?.({ label: 'checksum', done, of, unit: 'bytes' });
      });
      if (sum !== file.sha256) throw damageErrors.otherBytes({ path: file.path });
    }
    await this.unchanged();
    for (const { path } of left) this.#compared.add(path);
    const all = files.reduce((sum, file) => sum + file.bytes, 0);
    return this.unknown ?? `${plural(files.length, 'file')}, ${inBytes(all)}: every byte as it was written.`;
  }

  /** Throws {@link Changed} when a file is not what it was when it was first looked at. */
  async unchanged(): Promise<void> {
    for (const [path, mark] of this.#marks)
      if ((await markOf(path)) !== mark) throw changedErrors.changed({ path });
  }
}

/** Why changed bytes of a backup cannot be noticed, one sentence; undefined where the checksums are recorded. */
export function unknownBytes({ id, manifest }: Pick<Stored, 'id' | 'manifest'>): string | undefined {
  if (manifest?.files.some(({ path }) => isWithin(path, manifest.archive))) return undefined;
  return (
    `There are no checksums of ${id}${manifest === undefined ? ', which pgdeck did not make' : ' in its manifest'}: ` +
    'a changed byte in data that is not compressed cannot be noticed.'
  );
}

/** Those with a checksum, and those that are read without one; a link is followed, as its reader does. */
async function filesOf({ path, archive, kind, manifest }: Stored): Promise<string[]> {
  const recorded = (manifest?.files ?? []).map((file) => join(path, file.path));
  if (kind !== 'directory') return [...new Set([...recorded, archive])];
  try {
    const there = (await filesBelow(archive)).map((name) => join(archive, name));
    return [...new Set([...recorded, ...there])];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return recorded;
    throw diskError(error, 'readBackup', archive);
  }
}

/** pg_restore takes `3001.dat` before `3001.dat.gz`: a file that was put beside a recorded one would be read in its place. */
async function refuseShadows({ archive, kind, manifest }: Stored): Promise<void> {
  if (kind !== 'directory' || manifest === undefined) return;
  const recorded = new Set(
    manifest.files.filter(({ path }) => dirname(path) === manifest.archive).map(({ path }) => basename(path)),
  );
  if (recorded.size === 0) return;
  const bare = new Set([...recorded].map((name) => name.replace(PACKED, '')));
  for (const name of await readdir(archive).catch(() => []))
    if (!recorded.has(name) && bare.has(name.replace(PACKED, '')))
      throw damageErrors.foreign({ path: `${manifest.archive}/${name}` });
}

function isWithin(path: string, archive: string): boolean {
  return path === archive || path.startsWith(`${archive}/`);
}

/** Changes with every write; the time of the last change cannot be set back as that of the last write can. */
async function markOf(path: string): Promise<string> {
  try {
    const { size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
    throw diskError(error, 'readBackup', path);
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw diskError(error, 'readBackup', path);
  }
}

async function sumOf(
  path: string,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<string> {
  try {
    return await sha256File(path, signal, onBytes);
  } catch (error) {
    if (signal?.aborted) throw archiveErrors.checkCancelled(error);
    throw diskError(error, 'readBackup', path);
  }
}
