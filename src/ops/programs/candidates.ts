import { readdirSync, realpathSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import type { OpContext } from '../engine/context.ts';

/** Where installations of each major lie beside each other: parent, what the directory's name begins with, programs. */
const VERSIONED = [
  ['/usr/lib/postgresql', '', 'bin'],
  ['/usr', 'pgsql-', 'bin'],
  ['/opt/homebrew/opt', 'postgresql@', 'bin'],
  ['/usr/local/opt', 'postgresql@', 'bin'],
  ['/home/linuxbrew/.linuxbrew/opt', 'postgresql@', 'bin'],
  ['/Applications/Postgres.app/Contents/Versions', '', 'bin'],
] as const;

/** Directories that may hold the programs of a major version, the best first. */
export function directoriesOf(major: number): string[] {
  return VERSIONED.map(([parent, prefix, bin]) => join(parent, `${prefix}${major}`, bin));
}

/** Majors newer than this one that are installed where versions lie beside each other, the nearest first. */
export function newerMajors(major: number): number[] {
  const found = VERSIONED.flatMap(([parent, prefix]) =>
    names(parent)
      .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
      .map((name) => Number(name.slice(prefix.length))),
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
