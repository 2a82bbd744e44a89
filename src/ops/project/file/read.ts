import { dirname, isAbsolute, join } from 'node:path';
import { readJson } from '../../../config/json-read.ts';
import type { OpContext } from '../../engine/operation.ts';
import { projectErrors } from '../errors.ts';
import { type SetupFile, setupSchema } from './schema.ts';

/** The file's name where none is given. */
export const SETUP_FILE = 'pgdeck.setup.json';
const LARGEST = 1024 * 1024;

/** What a project's database is made of, as its file says. */
export interface Project extends SetupFile {
  /** The file, in full. */
  readonly path: string;
  /** Where the project is: paths of the file begin here. */
  readonly directory: string;
  /** The database: the file's, else the connection's. */
  readonly name: string;
}

/** Reads the file. Throws {@link OpError} with `file:line:column: …` for every fault of it. */
export async function readProject({ here, target }: OpContext, file: string): Promise<Project> {
  const path = here.files.resolve(file);
  let text: string;
  try {
    text = (await here.files.read(path, LARGEST)).toString('utf8').replace(/^\ufeff/, '');
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT'
      ? projectErrors.noFile({ file: path }, error)
      : projectErrors.unreadable({ file: path, code }, error);
  }
  const read = readJson(file, text, setupSchema);
  if ('faults' in read) throw projectErrors.badFile({ faults: read.faults });
  const { value } = read;
  return { ...value, path, directory: dirname(path), name: value.database.name ?? target.database };
}

/** A path of the file, in full. */
export function inProject({ directory }: Pick<Project, 'directory'>, path: string): string {
  return isAbsolute(path) ? path : join(directory, path);
}
