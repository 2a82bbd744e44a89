import { readdirSync, realpathSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { versionedParents } from '../../hosts/installations.ts';
import type { OpContext } from '../engine/operation.ts';

/** Majors newer than this one that are installed where versions lie beside each other, the nearest first. */
export function newerMajors(major: number): number[] {
  const found = versionedParents.flatMap(({ parent, versions }) =>
    versions(names(parent)).map(({ version }) => version),
  );
  return [...new Set(found)].filter((one) => one > major).sort((a, b) => a - b);
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/**
 * Directories of PATH that hold the program itself. Debian's /usr/bin has a wrapper of that name, which chooses a
 * version by rules of its own; what it chooses from is found without it.
 */
export function pathDirectories(context: OpContext, program: string): string[] {
  const directories = (context.env.PATH ?? '').split(delimiter).filter((one) => one.startsWith('/'));
  return [...new Set(directories)].filter((directory) => {
    try {
      return basename(realpathSync(join(directory, program))) === program;
    } catch {
      return false;
    }
  });
}
