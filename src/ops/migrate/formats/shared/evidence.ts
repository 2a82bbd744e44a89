import { dirname, join } from 'node:path';
import type { Host } from '../../../../hosts/host.ts';

/** A directory with migrations, and the host that it is on. */
export interface Place {
  readonly host: Host;
  /** Absolute. */
  readonly directory: string;
}

/** A project is not looked for further up than this. */
const UP = 4;
/** Settings are short. */
const LARGEST = 256 * 1024;

/** Of a project's files of that name, the nearest above the directory whose text says so: where it is. */
export async function settingAbove(
  { host, directory }: Place,
  name: string,
  says: RegExp,
): Promise<string | undefined> {
  let at = directory;
  for (let level = 0; level <= UP; level++) {
    const text = await textIn(host, at, name);
    if (text !== undefined && says.test(text)) return at;
    if (dirname(at) === at) return undefined;
    at = dirname(at);
  }
  return undefined;
}

/** Undefined where it is not there, or cannot be read. */
async function textIn({ files }: Host, directory: string, name: string): Promise<string | undefined> {
  try {
    return (await files.read(join(directory, name), LARGEST)).toString('utf8');
  } catch {
    return undefined;
  }
}
