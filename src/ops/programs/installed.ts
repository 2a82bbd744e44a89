import { basename, join } from 'node:path';
import type { Env } from '../../config/libpq/env.ts';
import { CommandError, type Host } from '../../hosts/host.ts';
import { directoriesOf, versionedParents } from '../../hosts/installations.ts';
import { type Installation, installation, type Wanted } from './installation.ts';
import { installedThere } from './installed-there.ts';
import type { ClientProgram } from './package.ts';

const VERSION_MS = 10_000;

/**
 * Installations that have any of the programs, the best first: where a version lies beside others, on PATH, other versions
 * beside those. On this machine each is asked when its turn comes; elsewhere one command asks all. Throws {@link CommandError}.
 */
export async function* installed(host: Host, wanted: Wanted): AsyncGenerator<Installation> {
  if (host.kind !== 'local') {
    yield* await installedThere(host, wanted);
    return;
  }
  for await (const directory of candidates(host, wanted)) {
    const one = installation(directory, wanted, await versions(host, directory, wanted.programs));
    if (one !== undefined) yield one;
  }
}

async function* candidates(host: Host, { only, major, env, programs }: Wanted): AsyncGenerator<string> {
  if (only !== undefined) {
    yield only;
    return;
  }
  yield* directoriesOf(major);
  yield* await pathDirectories(host, env, programs[0] ?? 'pg_dump');
  for (const one of await otherMajors(host, major)) yield* directoriesOf(one);
}

async function versions(
  host: Host,
  directory: string,
  programs: readonly ClientProgram[],
): Promise<Map<ClientProgram, string>> {
  const said = await Promise.all(
    programs.map(async (program): Promise<readonly [ClientProgram, string]> => {
      try {
        const path = join(directory, program);
        const { stdout } = await host.run(path, ['--version'], { timeout: VERSION_MS });
        return [program, stdout];
      } catch (error) {
        if (error instanceof CommandError && error.kind === 'gone') throw error;
        return [program, ''];
      }
    }),
  );
  return new Map(said);
}

/** Other majors that are installed where versions lie beside each other: newer ones, the nearest first, then older ones. */
async function otherMajors(host: Host, major: number): Promise<number[]> {
  const found = await Promise.all(
    versionedParents.map(async ({ parent, versions }) =>
      versions(await names(host, parent)).map(({ version }) => version),
    ),
  );
  const others = [...new Set(found.flat())].sort((a, b) => a - b);
  return [...others.filter((one) => one > major), ...others.filter((one) => one < major).reverse()];
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
async function pathDirectories(host: Host, env: Env, program: string): Promise<string[]> {
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
