import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { version } from '../version.ts';
import { nodeLicence, writeDeb, XZ_LEVEL } from './deb.ts';
import { writeOneFile } from './one-file.ts';
import { readReference } from './reference/commands.ts';
import { htmlPage } from './reference/html.ts';
import { manPage } from './reference/man.ts';
import { readManual } from './reference/manual.ts';

/*
 * npm run package: what is handed to machines without Node, in release/. The one file, compressed with xz, as a Debian
 * package, and the sums of all. With --reference only the manual page and the reference, in dist/.
 */

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
const release = join(root, 'release');
const text = (file: string): Promise<string> => readFile(join(root, file), 'utf8');

/** Debian's names of the machines that Node is built for. */
const DEBIAN: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

const [reference, chapters] = await Promise.all([readReference(), readManual()]);
const manual = manPage(reference, chapters, new Date());
const page = htmlPage(reference, chapters);
await writeFile(join(dist, 'pgdeck.1'), manual);
await writeFile(join(dist, 'reference.html'), page);
if (!process.argv.includes('--reference')) await writeAll();

async function writeAll(): Promise<void> {
  await rm(release, { recursive: true, force: true });
  await mkdir(release);
  const program = join(release, `pgdeck-${version}-linux-${process.arch}`);
  await writeOneFile(dist, program);
  const architecture = DEBIAN[process.arch] ?? process.arch;
  const { description } = JSON.parse(await text('package.json')) as { description: string };
  await Promise.all([
    run('xz', ['--keep', '--threads=0', `-${XZ_LEVEL}`, program]),
    writeDeb(join(release, `pgdeck_${version}_${architecture}.deb`), {
      ...{ version, architecture, description, program, manual, page },
      licence: await text('LICENSE'),
      others: `${await text('dist/THIRD-PARTY-LICENSES.txt')}\n${'-'.repeat(78)}\n\n${await nodeLicence()}`,
    }),
  ]);
  const files = (await readdir(release)).sort();
  const sums = await Promise.all(
    files.map(async (name) => `${await sha256(join(release, name))}  ${name}\n`),
  );
  await writeFile(join(release, 'SHA256SUMS'), sums.join(''));
  for (const name of files) {
    const { size } = await stat(join(release, name));
    console.log(`${basename(release)}/${name}  ${(size / 1e6).toFixed(0)} MB`);
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
