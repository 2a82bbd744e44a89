import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { diskError, readRegular, sync } from '../files/durable.ts';
import { repositoryErrors } from './errors.ts';
import { type Manifest, manifestSchema } from './manifest.ts';

export const MANIFEST = 'manifest.json';
const TEMPORARY = `${MANIFEST}.tmp`;
/** A temporary file that is older was left by a process that died: writing one takes milliseconds. */
const ABANDONED_MS = 10_000;

/** The manifest of a backup's directory. Throws {@link OpError} when it is missing or not one. */
export async function readManifest(directory: string): Promise<Manifest> {
  const path = join(directory, MANIFEST);
  let text: string;
  try {
    text = await readRegular(path);
  } catch (error) {
    throw diskError(error, 'readManifest', path);
  }
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw repositoryErrors.unreadableManifest({ path }, error);
  }
}

/** Writes the manifest at once or not at all; it is on disk when this returns. */
export async function writeManifest(directory: string, manifest: Manifest): Promise<void> {
  await replaceManifest(directory, async () => manifest);
}

/**
 * Changes the manifest of a backup and returns the new one. Others that change it at the same time are waited for, so
 * that none is lost. Throws {@link OpError}.
 */
export async function updateManifest(
  directory: string,
  change: (manifest: Manifest) => Manifest,
): Promise<Manifest> {
  return replaceManifest(directory, async () => change(await readManifest(directory)));
}

async function replaceManifest(directory: string, next: () => Promise<Manifest>): Promise<Manifest> {
  const temporary = join(directory, TEMPORARY);
  let file: FileHandle | undefined;
  try {
    // the temporary file is the lock too: only one can create it
    file = await lockedFile(temporary);
    const manifest = manifestSchema.parse(await next());
    await file.writeFile(`${JSON.stringify(manifest, undefined, 2)}\n`);
    await file.sync();
    await rename(temporary, join(directory, MANIFEST));
    await sync(directory);
    return manifest;
  } catch (error) {
    if (file !== undefined) await rm(temporary, { force: true });
    throw diskError(error, 'writeManifest', join(directory, MANIFEST));
  } finally {
    await file?.close();
  }
}

async function lockedFile(path: string): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(path, 'wx', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > ABANDONED_MS) await rm(path, { force: true });
    else await wait(20);
  }
}
