import { constants } from 'node:fs';
import { access, chmod, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OpError } from '../error.ts';
import { filesErrors, type Undone } from './errors.ts';

/** An error of the file system, by what could not be done because of it. */
export function diskError(error: unknown, undone: Undone, path: string): OpError {
  if (error instanceof OpError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return filesErrors.disk({ undone, path, code, said: String(error) }, error);
}

/**
 * The text of a small file of ours. Somebody may have put a pipe or a device in its place, which would keep us for ever:
 * those are refused as what they are. Throws the system's error.
 */
export async function readRegular(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile())
      throw Object.assign(new Error(`not a regular file: ${path}`), { code: 'EINVAL' });
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Whether there is anything at a path that this user can reach. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Forces a file, or the entries of a directory, to the disk. */
export async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a directory and everything in it its owner's only, and forces it to the disk, the inner ones first. */
export async function secureTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await secureTree(path);
    // what a link leads to is not ours to change
    else if (entry.isFile()) {
      await chmod(path, 0o600);
      await sync(path);
    }
  }
  await chmod(directory, 0o700);
  await sync(directory);
}

/** Files in a directory and below, as paths relative to it, sorted. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}
