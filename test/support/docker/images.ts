import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { findBinaries } from '../../../src/hosts/cluster/binaries.ts';
import { local, run } from '../../../src/hosts/local.ts';

/** Images by what their `sh` is; `postgres` has dash and this machine's PostgreSQL, `none` has no shell. */
export type Image = 'postgres' | 'dash' | 'bash' | 'busybox' | 'none';

/** User and group of the server in `postgres`. */
const SERVER = 999;
const TOOLS =
  'cat cp chmod chown date dd df du env find grep gzip head id kill ls mkdir mkfifo mktemp mv ps readlink rm sed seq setsid sha256sum sleep sort stat tail tar tee touch tr true uname wc zstd'.split(
    ' ',
  );
/** What a server needs nowhere here, and is large. */
const LARGE = /\/(bitcode|llvmjit[^/]*|doc|man)$/;

/** Makes the images from this machine's own files, with the libraries that they are linked to. */
export async function buildImages(directory: string): Promise<void> {
  const builds: Record<Image, (root: string) => Promise<void>> = {
    postgres: async (root) => {
      await addShell(root, 'dash');
      await addTools(root);
      // the official image of Debian has it, for its package ssl-cert
      await addProgram(root, 'openssl', true);
      await addPostgres(root);
    },
    dash: async (root) => {
      await addShell(root, 'dash');
      await addTools(root);
    },
    bash: async (root) => {
      await addShell(root, 'bash');
      await addTools(root);
    },
    busybox: async (root) => {
      await addProgram(root, 'busybox');
      const { stdout } = await run('busybox', ['--list']);
      for (const name of stdout.split('\n').filter((one) => one !== '' && one !== 'busybox'))
        await symlink('busybox', join(root, 'usr/bin', name));
    },
    none: (root) => addProgram(root, 'sleep'),
  };
  await Promise.all(
    Object.entries(builds).map(async ([name, build]) => {
      const root = join(directory, name);
      await makeRoot(root);
      await build(root);
      await addLibraries(root);
      const { exitCode, stderr } = await local.pipe([
        { command: 'tar', args: ['-C', root, '-c', '.'] },
        { command: 'docker', args: ['import', '-c', 'ENV PATH=/usr/bin', '-', `pgdeck-test:${name}`] },
      ]);
      if (exitCode !== 0) throw new Error(`The image ${name} could not be made: ${stderr}`);
    }),
  );
  await rm(directory, { recursive: true });
}

async function makeRoot(root: string): Promise<void> {
  for (const path of ['tmp', 'etc', 'dev', 'proc', 'sys', 'root', 'run', 'usr/bin', 'usr/lib', 'var/lib'])
    await mkdir(join(root, path), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
  await symlink('usr/bin', join(root, 'bin'));
  await writeFile(
    join(root, 'etc/passwd'),
    `root:x:0:0::/root:/bin/sh\npostgres:x:${SERVER}:${SERVER}::/var/lib/postgresql:/bin/sh\n`,
  );
  await writeFile(join(root, 'etc/group'), `root:x:0:\npostgres:x:${SERVER}:\n`);
}

async function addShell(root: string, name: string): Promise<void> {
  await addProgram(root, name);
  await symlink(name, join(root, 'usr/bin/sh'));
}

async function addTools(root: string): Promise<void> {
  for (const name of TOOLS) await addProgram(root, name, true);
}

async function addProgram(root: string, name: string, optional = false): Promise<void> {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/bin'];
  const found = directories.map((one) => join(one, name)).find((path) => existsSync(path));
  if (found === undefined) {
    if (optional) return;
    throw new Error(`${name} is not installed here`);
  }
  await cp(await realpath(found), join(root, 'usr/bin', name));
}

async function addPostgres(root: string): Promise<void> {
  const { bin, major } = await findBinaries();
  const server = dirname(await realpath(bin));
  const filter = (path: string) => !LARGE.test(path);
  await cp(server, join(root, server), { recursive: true, verbatimSymlinks: true, filter });
  const { stdout } = await run(join(bin, 'pg_config'), ['--sharedir']).catch(() => ({ stdout: '' }));
  const share = stdout.trim() || `/usr/share/postgresql/${major}`;
  if (existsSync(share)) await cp(share, join(root, share), { recursive: true, filter, dereference: true });
  // where the official image has it on PATH, too
  for (const name of await readdir(join(root, server, 'bin')))
    await symlink(join(server, 'bin', name), join(root, 'usr/bin', name)).catch(() => {});
  const zone = '/usr/share/zoneinfo';
  if (existsSync(join(zone, 'UTC')))
    await cp(join(zone, 'UTC'), join(root, zone, 'UTC'), { dereference: true });
  const home = join(root, 'var/lib/postgresql');
  await mkdir(home, { recursive: true });
  await run('chown', ['-R', `${SERVER}:${SERVER}`, home]);
}

/** The libraries that programs and libraries of a root are linked to, with the loader. */
async function addLibraries(root: string): Promise<void> {
  const { stdout: found } = await run('find', [join(root, 'usr'), '-type', 'f']);
  const linked: string[] = [];
  for (const path of found.split('\n').filter((one) => /\/bin\/[^/]+$|\.so(\.|$)/.test(one)))
    if ((await readFile(path)).subarray(0, 4).toString('latin1') === '\x7fELF') linked.push(path);
  const { stdout } = await run('ldd', linked);
  const libraries = new Set(stdout.match(/(?<=\s)\/[^ \n]*(?= \(0x)/g) ?? []);
  for (const library of libraries) {
    const place = join(root, library);
    await mkdir(dirname(place), { recursive: true });
    await cp(library, place, { dereference: true });
  }
}
