import { join } from 'node:path';
import type { Host } from '../../../hosts/host.ts';

/** Files of a directory, without those that are hidden. A sentence where it cannot be read. */
export async function listing({ files }: Host, directory: string): Promise<string[] | string> {
  try {
    return (await files.list(directory))
      .filter(({ name, kind }) => kind !== 'directory' && !name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    return `The directory ${directory} ${why}; name the one with the migrations.`;
  }
}

/** What a directory that is a whole project has, and one of migrations has not. */
const PROJECT =
  /^(?:\.git|package\.json|pom\.xml|(?:build|settings)\.gradle(?:\.kts)?|flyway\.(?:conf|toml)|go\.mod|pyproject\.toml|Cargo\.toml)$/;

/** More than a project has, and less than a home directory. */
const MOST = 1_000;

/**
 * Files below a directory, by their path in it, for a tool that looks there; links to directories are followed. A whole
 * project is not gone through: it has copies of its migrations where it is built.
 */
export async function filesBelow(
  host: Host,
  directory: string,
): Promise<{ readonly files: readonly string[]; readonly all: boolean }> {
  const files: string[] = [];
  const seen = new Set<string>();
  const waiting = [''];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    if (seen.size >= MOST) return { files, all: false };
    for (const { name, directory: isDirectory } of await entriesOf(host, join(directory, path), seen)) {
      if (path === '' && PROJECT.test(name)) return { files: [], all: true };
      if (name.startsWith('.') || name === 'node_modules') continue;
      const below = path === '' ? name : `${path}/${name}`;
      if (isDirectory) waiting.push(below);
      else if (path !== '') files.push(below);
    }
  }
  return { files: files.sort(), all: true };
}

/** None of a directory that was there before, or that cannot be read. */
async function entriesOf(
  { files }: Host,
  path: string,
  seen: Set<string>,
): Promise<{ name: string; directory: boolean }[]> {
  const leadsToDirectory = async (name: string) =>
    (await files.facts(join(path, name)).catch(() => undefined))?.kind === 'directory';
  try {
    const real = await files.real(path);
    if (seen.has(real)) return [];
    seen.add(real);
    return await Promise.all(
      (await files.list(path)).map(async ({ name, kind }) => ({
        name,
        directory: kind === 'directory' || (kind === 'link' && (await leadsToDirectory(name))),
      })),
    );
  } catch {
    return [];
  }
}
