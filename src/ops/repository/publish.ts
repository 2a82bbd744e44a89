import { mkdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError, exists, secureTree, sync } from '../files/durable.ts';
import { thisProcess } from '../files/process.ts';
import type { Manifest } from './manifest.ts';
import { DELETING, PARTIAL } from './names.ts';
import { OWNER, removeOurs } from './sweep.ts';
import { writeManifest } from './update.ts';

/** A backup that is being made: nobody lists it, and it is swept when its process is dead. */
export interface PartialBackup {
  /** The name that the backup will have. */
  readonly id: string;
  /** Where to write its files: `<directory>/<id>.partial`. */
  readonly path: string;
  /** What it becomes when it is published: `<directory>/<id>`. */
  readonly final: string;
}

/** The first of `id`, `id-2`, `id-3` that nothing in the directory has, nor any of `others`. Reserves nothing. */
export async function freeName(
  directory: string,
  id: string,
  others: ReadonlySet<string> = new Set(),
): Promise<string> {
  for (let n = 1; ; n++) {
    const name = numbered(id, n);
    const paths = ['', PARTIAL, DELETING].map((ending) => join(directory, name + ending));
    const there = await Promise.all(paths.map(exists));
    if (!others.has(name) && !there.includes(true)) return name;
  }
}

function numbered(id: string, n: number): string {
  return n === 1 ? id : `${id}-${n}`;
}

/**
 * Reserves a name and creates its directory, marked as this process's. A name that is taken gets -2, -3 and so on.
 * The repository is created where it does not exist. Throws {@link ../error.ts OpError}.
 */
export async function partialDirectory(directory: string, id: string, run: string): Promise<PartialBackup> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (let n = 1; ; n++) {
      const name = numbered(id, n);
      const final = join(directory, name);
      const path = final + PARTIAL;
      if (!(await reserve(path))) continue;
      // looked at after the reservation: a backup of this name may have been published just now
      if ((await exists(final)) || (await exists(final + DELETING))) {
        await rmdir(path);
        continue;
      }
      await writeFile(join(path, OWNER), `${JSON.stringify({ run, ...thisProcess() })}\n`, { mode: 0o600 });
      return { id: name, path, final };
    }
  } catch (error) {
    throw diskError(error, 'writeBackup', directory);
  }
}

async function reserve(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Makes a backup of what was written, at once or not at all: every file and the manifest are on disk before the
 * directory takes its final name. Returns that directory. Throws {@link ../error.ts OpError}; the partial directory
 * stays then, for {@link discard}.
 */
export async function publish(partial: PartialBackup, manifest: Manifest): Promise<string> {
  const { path, final } = partial;
  try {
    await secureTree(path);
    await writeManifest(path, manifest);
    await rename(path, final);
    await sync(join(final, '..'));
    // until now it told others that somebody works here
    await rm(join(final, OWNER), { force: true });
    return final;
  } catch (error) {
    throw diskError(error, 'publishBackup', final);
  }
}

/** Removes what a backup that failed has written. */
export async function discard(partial: Pick<PartialBackup, 'path'>): Promise<void> {
  await removeOurs(partial.path);
}
