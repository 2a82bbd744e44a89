import { access, constants, mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { local } from '../../hosts/local.ts';

/** The directory of a repository, or the nearest one above that is there. */
export async function placeOf(repository: string): Promise<string> {
  const there = await stat(repository).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT' && error.code !== 'ENOTDIR',
  );
  const above = dirname(repository);
  return there || above === repository ? repository : placeOf(above);
}

/**
 * Bytes that are free in a directory which this user may write to; undefined where the file system does not say.
 * Undefined as a whole where it is no directory. Throws the system's error.
 */
export async function roomAt(place: string): Promise<{ readonly free: number | undefined } | undefined> {
  if (!(await stat(place)).isDirectory()) return undefined;
  await access(place, constants.W_OK | constants.X_OK);
  const free = await local.files.free(place);
  if (free === undefined) await tryToWrite(place);
  return { free };
}

/** Of root every access is granted, to /proc too. Leaves nothing. */
async function tryToWrite(place: string): Promise<void> {
  await rmdir(await mkdtemp(join(place, '.pgdeck-')));
}
