import { dirname, join, sep } from 'node:path';
import type { Host } from '../../../../hosts/host.ts';
import type { MigrationDirectory } from '../../types.ts';

/** A program with the arguments that always come first. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** The first of the directories' programs of this name that may be run. */
export async function findProgram(
  { files }: Host,
  name: string,
  directories: readonly string[],
): Promise<string | undefined> {
  for (const directory of directories) {
    const path = join(directory, name);
    if (await files.isProgram(path)) return path;
  }
  return undefined;
}

type Tools = Pick<MigrationDirectory, 'host' | 'context'>;

/** Directories of the project's own programs, before those of PATH. */
export function pythonDirectories({ host, context: { env } }: Tools, root: string): string[] {
  // who works with pgdeck has activated it on this machine
  const active = host.kind === 'local' ? env.VIRTUAL_ENV : host.environment.VIRTUAL_ENV;
  return [
    ...['.venv', 'venv', 'env'].map((name) => join(root, name, 'bin')),
    ...(active ? [join(active, 'bin')] : []),
    ...host.searchPath(env),
  ];
}

/** `node_modules/.bin` of the project and of what it is a workspace of, before PATH. */
export function nodeDirectories({ host, context: { env } }: Tools, root: string): string[] {
  return [
    ...ancestors(root, 6).map((directory) => join(directory, 'node_modules', '.bin')),
    ...host.searchPath(env),
  ];
}

/** How far above the directory a project's root is looked for. */
const ABOVE = 3;

/** The nearest directory, upwards from this one, that is the project's. */
export async function projectRoot(
  directory: string,
  isRoot: (directory: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const one of ancestors(directory, ABOVE)) if (await isRoot(one)) return one;
  return undefined;
}

/** One directory is the other, or in it. */
export const isWithin = (directory: string, outer: string): boolean =>
  directory === outer || directory.startsWith(`${outer}${sep}`);

function ancestors(directory: string, above: number): string[] {
  const found = [directory];
  for (let at = directory; found.length <= above && dirname(at) !== at; at = dirname(at))
    found.push(dirname(at));
  return found;
}

/** A file's text; undefined when there is none that can be read. */
export async function textOf({ files }: Host, ...path: string[]): Promise<string | undefined> {
  const file = join(...path);
  try {
    return (await files.facts(file)).kind === 'file' ? (await files.read(file)).toString('utf8') : undefined;
  } catch {
    return undefined;
  }
}
