import { join } from 'node:path';

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

/** The same of every version, as patterns of the shell in which nothing else is one to it. */
export const versionedPatterns: readonly string[] = VERSIONED.map(
  ([parent, prefix, bin]) => `${parent}/${prefix}[0-9]*/${bin}`,
);

/** Where the names of a directory say a version: a major, or in the oldest installations `9.6`. */
const VERSION = /^\d+(\.\d+)?$/;

/** Where versions lie beside each other, with the versions and programs' directories that `names` of a parent stand for. */
export const versionedParents: readonly {
  readonly parent: string;
  readonly versions: (names: readonly string[]) => { readonly version: number; readonly bin: string }[];
}[] = VERSIONED.map(([parent, prefix, bin]) => ({
  parent,
  versions: (names) =>
    names
      .filter((name) => name.startsWith(prefix) && VERSION.test(name.slice(prefix.length)))
      .map((name) => ({ version: Number(name.slice(prefix.length)), bin: join(parent, name, bin) })),
}));
