import { join } from 'node:path';
import { diskError, readRegular } from '../files/durable.ts';
import { replaceText } from '../files/replace.ts';
import { repositoryErrors } from './errors.ts';
import { type Manifest, manifestSchema } from './manifest.ts';

export const MANIFEST = 'manifest.json';

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
  const path = join(directory, MANIFEST);
  let written: Manifest | undefined;
  try {
    await replaceText(path, async () => {
      written = manifestSchema.parse(await next());
      return `${JSON.stringify(written, undefined, 2)}\n`;
    });
  } catch (error) {
    throw diskError(error, 'writeManifest', path);
  }
  return written as Manifest;
}
