import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import type { OpContext } from '../../../engine/operation.ts';

/** A program with the arguments that always come first. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** Directories of PATH. */
export function pathDirectories({ env }: Pick<OpContext, 'env'>): string[] {
  return (env.PATH ?? process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
}

/** The first of the directories' programs of this name that may be run. */
export function findProgram(name: string, directories: readonly string[]): string | undefined {
  return directories.map((directory) => join(directory, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Directories of the project's own programs, before those of PATH. */
export function pythonDirectories(context: OpContext, root: string): string[] {
  const active = context.env.VIRTUAL_ENV;
  return [
    ...['.venv', 'venv', 'env'].map((name) => join(root, name, 'bin')),
    ...(active ? [join(active, 'bin')] : []),
    ...pathDirectories(context),
  ];
}

/** `node_modules/.bin` of the project and of what it is a workspace of, before PATH. */
export function nodeDirectories(context: OpContext, root: string): string[] {
  return [
    ...ancestors(root, 6).map((directory) => join(directory, 'node_modules', '.bin')),
    ...pathDirectories(context),
  ];
}

/** How far above the directory a project's root is looked for. */
const ABOVE = 3;

/** The nearest directory, upwards from this one, that is the project's. */
export function projectRoot(directory: string, isRoot: (directory: string) => boolean): string | undefined {
  return ancestors(directory, ABOVE).find(isRoot);
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
export function textOf(...path: string[]): string | undefined {
  const file = join(...path);
  try {
    return existsSync(file) && statSync(file).isFile() ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
