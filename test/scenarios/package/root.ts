import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Outcome, temporaryDirectory } from '../../support/program.ts';

/** A machine with PostgreSQL and libc, without Node and without the sources: a root of its own, in its own mounts. */
export interface Root {
  /** Where it lies on this machine. */
  readonly path: string;
  /** What runs words there: for those who start it themselves. */
  command(words: readonly string[]): readonly [program: string, args: readonly string[]];
  start(words: readonly string[], env?: Record<string, string>): ChildProcess;
  run(words: readonly string[], env?: Record<string, string>): Promise<Outcome>;
}

const SYSTEM = ['usr', 'bin', 'sbin', 'lib', 'lib64', 'dev'];
const NODES = [
  '/usr/bin/node',
  '/usr/bin/nodejs',
  '/usr/bin/npm',
  '/usr/local/bin/node',
  '/usr/local/bin/npm',
].filter((path) => existsSync(path));

/** Mounts what is of the system, puts nothing where Node is, and goes there. */
const ENTER = `set -e
root=$1; readonly=$2; shift 2
for one in ${SYSTEM.join(' ')}; do
  if [ -d "$root/$one" ] && [ ! -L "$root/$one" ]; then /bin/mount --rbind "/$one" "$root/$one"; fi
done
for one in ${NODES.join(' ')}; do /bin/mount --bind /dev/null "$root$one"; done
/bin/mount -t proc proc "$root/proc"
if [ "$readonly" = yes ]; then /bin/mount --rbind "$root" "$root"; /bin/mount -o remount,bind,ro "$root"; fi
exec /usr/sbin/chroot "$root" "$@"`;

const UNSHARE = '/usr/bin/unshare';

export const MAY_ENTER = spawnSync(UNSHARE, ['-m', 'true']).status === 0;

export function makeRoot(program: string, { readonly = false } = {}): Root {
  const path = temporaryDirectory();
  for (const name of SYSTEM) {
    const here = `/${name}`;
    if (!existsSync(here)) continue;
    if (lstatSync(here).isSymbolicLink()) symlinkSync(readlinkSync(here), join(path, name));
    else mkdirSync(join(path, name));
  }
  for (const name of ['etc', 'proc', 'opt', 'home', 'srv', 'var']) mkdirSync(join(path, name));
  mkdirSync(join(path, 'tmp'));
  chmodSync(path, 0o755);
  chmodSync(join(path, 'tmp'), 0o1777);
  for (const name of ['passwd', 'group', 'nsswitch.conf', 'localtime'])
    if (existsSync(join('/etc', name))) copyFileSync(join('/etc', name), join(path, 'etc', name));
  writeFileSync(join(path, 'etc', 'hosts'), '127.0.0.1 localhost\n');
  copyFileSync(program, join(path, 'opt', 'pgdeck'));
  const command = (words: readonly string[]) =>
    [UNSHARE, ['-m', '/bin/sh', '-c', ENTER, 'sh', path, readonly ? 'yes' : 'no', ...words]] as const;
  const start = (words: readonly string[], env: Record<string, string> = {}) => {
    const [file, args] = command(words);
    return spawn(file, args, { env: { PATH: '/usr/bin:/bin', HOME: '/home', LC_ALL: 'C.UTF-8', ...env } });
  };
  return {
    path,
    command,
    start,
    run: (words, env) => {
      const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
      const child = start(words, env);
      let [stdout, stderr] = ['', ''];
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout, stderr }));
      return promise;
    },
  };
}
