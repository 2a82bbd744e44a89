import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../../../src/hosts/local.ts';

const VERSION = '2.36.0';
const PACKAGE = `@dbmate/${process.platform}-${process.arch}`;

/**
 * dbmate's program, fetched from npm into the user's cache the first time. Not a devDependency: it has 33 MB and is
 * used by one test file. Undefined where it cannot be fetched.
 */
export async function dbmateBinary(): Promise<string | undefined> {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pgdeck', 'dbmate');
  const kept = join(cache, VERSION);
  const program = join(kept, 'node_modules', PACKAGE, 'bin', 'dbmate');
  if (existsSync(program)) return program;
  // made beside it and renamed, so that a fetch cut short leaves nothing that looks whole
  const fresh = join(cache, `.${VERSION}.${process.pid}`);
  await mkdir(fresh, { recursive: true });
  try {
    const args = ['install', '--prefix', fresh, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    const { exitCode } = await run('npm', [...args, `${PACKAGE}@${VERSION}`], {
      cwd: cache,
      timeout: 120_000,
    });
    if (exitCode !== 0) return undefined;
    await mkdir(dirname(kept), { recursive: true });
    await rename(fresh, kept);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return program;
}
