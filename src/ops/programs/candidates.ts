import { basename, join } from 'node:path';
import type { Env } from '../../config/libpq/env.ts';
import type { Host } from '../../hosts/host.ts';
import { versionedParents } from '../../hosts/installations.ts';

/** Majors newer than this one that are installed where versions lie beside each other, the nearest first. */
export async function newerMajors(host: Host, major: number): Promise<number[]> {
  const found = await Promise.all(
    versionedParents.map(async ({ parent, versions }) =>
      versions(await names(host, parent)).map(({ version }) => version),
    ),
  );
  return [...new Set(found.flat())].filter((one) => one > major).sort((a, b) => a - b);
}

async function names({ files }: Host, directory: string): Promise<string[]> {
  try {
    return (await files.list(directory)).map(({ name }) => name);
  } catch {
    return [];
  }
}

/**
 * Directories of PATH that hold the program itself. Debian's /usr/bin has a wrapper of that name, which chooses a
 * version by rules of its own; what it chooses from is found without it.
 */
export async function pathDirectories(host: Host, env: Env, program: string): Promise<string[]> {
  const directories = [...new Set(host.searchPath(env).filter((one) => one.startsWith('/')))];
  const found = await Promise.all(
    directories.map(async (directory) => {
      try {
        return basename(await host.files.real(join(directory, program))) === program;
      } catch {
        return false;
      }
    }),
  );
  return directories.filter((_, at) => found[at]);
}
