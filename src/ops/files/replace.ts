import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { sync } from './durable.ts';

/** A temporary file that is older was left by a process that died: writing one takes milliseconds. */
const ABANDONED_MS = 10_000;

/**
 * Writes a small file anew, at once or not at all; it is on disk when this returns. Others that do so at the same time
 * are waited for: `next` is asked when nobody else writes. Throws the system's error, and what `next` throws.
 */
export async function replaceText(path: string, next: () => Promise<string>): Promise<void> {
  const temporary = `${path}.tmp`;
  let file: FileHandle | undefined;
  try {
    // the temporary file is the lock too: only one can create it
    file = await lockedFile(temporary);
    await file.writeFile(await next());
    await file.sync();
    await rename(temporary, path);
    await sync(dirname(path));
  } catch (error) {
    if (file !== undefined) await rm(temporary, { force: true });
    throw error;
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
