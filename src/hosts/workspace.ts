import { readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Workspace } from './host.ts';

/** {@link owner} follows, so that what a killed process has left can be told from what is in use. */
const PREFIX = 'pgdeck-work-';

/**
 * Whose a temporary directory is: `4711-4026531836-`, the process id and the namespace that it is of. Containers may share
 * a directory with their machine, and a process of one is not seen from the other.
 */
export const owner = (): string => `${process.pid}-${namespace()}-`;

function namespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    // not Linux: there is one
    return '0';
  }
}

/** {@link ./host.ts Host.withWorkspace} of this machine. */
export async function withWorkspace<T>(work: (workspace: Workspace) => Promise<T>): Promise<T> {
  await sweep(PREFIX);
  const directory = await mkdtemp(join(tmpdir(), PREFIX + owner()));
  try {
    return await work({
      path: (name) => join(directory, name),
      write: async (name, content) => {
        const path = join(directory, name);
        await writeFile(path, content, { mode: 0o600 });
        return path;
      },
      directory: async (name) => {
        const path = join(directory, name);
        await mkdir(path, { mode: 0o700 });
        return path;
      },
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Removes what processes that run no more have left: directories whose names go on with their {@link owner}. */
export async function sweep(prefix: string, base: string = tmpdir()): Promise<void> {
  const names = await readdir(base).catch(() => []);
  for (const name of names) {
    const [, pid, where] = new RegExp(`^${prefix}(\\d+)-(\\d+)-`).exec(name) ?? [];
    if (where === namespace() && !runs(Number(pid)))
      await rm(join(base, name), { recursive: true, force: true }).catch(() => {});
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // of another user
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
