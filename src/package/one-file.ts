import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';

const run = promisify(execFile);

/** What Node looks for in its own file to know that a program is in it. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/**
 * Writes Node and the program of `dist` into one file that needs neither of them beside it, nor anything else but libc
 * and libstdc++: Node's single executable application. Throws where a program that makes it fails.
 */
export async function writeOneFile(dist: string, file: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'pgdeck-package-'));
  try {
    const boot = join(work, 'boot.cjs');
    await bundleBoot(boot);
    const names = (await readdir(dist)).filter((name) => /\.(js|wasm)$/.test(name));
    const assets = Object.fromEntries(names.map((name) => [name, join(dist, name)]));
    const settings = {
      main: boot,
      output: join(work, 'blob'),
      assets: { ...assets, 'boot.cjs': boot },
      disableExperimentalSEAWarning: true,
      // flags and NODE_OPTIONS of the machine are for other programs
      execArgvExtension: 'none',
    };
    await writeFile(join(work, 'sea.json'), JSON.stringify(settings));
    await run(process.execPath, ['--experimental-sea-config', join(work, 'sea.json')]);
    await copyFile(process.execPath, file);
    await chmod(file, 0o755);
    // a sixth smaller; after the program is in it there would be no program any more
    await run('strip', ['--strip-all', file]).catch(absent);
    const postject = createRequire(import.meta.url).resolve('postject/dist/cli.js');
    await run(process.execPath, [
      ...[postject, file, 'NODE_SEA_BLOB', settings.output],
      ...['--sentinel-fuse', FUSE],
    ]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Without binutils it is larger, and all right. */
function absent(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

async function bundleBoot(file: string): Promise<void> {
  const bundle = await rolldown({
    input: fileURLToPath(new URL('boot.ts', import.meta.url)),
    platform: 'node',
    transform: { target: 'node24' },
  });
  await bundle.write({ file, format: 'cjs' });
  await bundle.close();
}
