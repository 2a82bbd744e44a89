import { posix } from 'node:path';
import type { FileEntry, FileFacts, FileKind, HostFiles } from '../host.ts';
import type { There } from './carry.ts';
import { shell, systemError } from './shell.ts';

/** Kind of file by the bits of `st_mode` that say it. */
const KINDS: Readonly<Record<number, FileKind>> = { 32768: 'file', 16384: 'directory', 40960: 'link' };
const TYPE_BITS = 0xf000;
/** What dd reads in one go, and what an offset is cut to. */
const PAGE = 4096;

/*
 * Every name is an argument, and a name that comes back ends with a NUL: there may be anything else in it. `./` keeps
 * what begins with a dash from being an option; absolute paths are all that come here.
 */
const STAT = `exec stat -L -c '%f %s %Y %d %i' -- "$1"`;
const LIST = `[ ! -e "$1" ] || [ -d "$1" ] || { echo 'Not a directory' >&2; exit 1; }
cd -- "$1" || { stat -L -- "$1" >/dev/null; exit 1; }
[ -r . ] || { echo 'Permission denied' >&2; exit 1; }
for f in .* *; do
  case $f in .|..) continue ;; esac
  if [ -L "./$f" ]; then k=l; elif [ -d "./$f" ]; then k=d; elif [ -f "./$f" ]; then k=f; elif [ -e "./$f" ]; then k=o; else continue; fi
  printf '%s%s\\0' "$k" "$f"
done`;
const READ = `if [ -d "$1" ]; then echo 'Is a directory' >&2; exit 1; fi
if [ -p "$1" ]; then exit 0; fi
if [ "$2" != - ] && s=$(stat -L -c %s -- "$1") && [ "$s" -gt "$2" ]; then echo 'File too large' >&2; exit 1; fi
exec cat -- "$1"`;
const READ_AT = `if [ -d "$1" ]; then echo 'Is a directory' >&2; exit 1; fi
if [ -p "$1" ]; then exit 0; fi
exec dd if="$1" bs=${PAGE} skip="$2" count="$3"`;
const CREATE = `set -C; cat >"$1"`;
const DIRECTORY = `if [ -n "$2" ]; then mkdir -p -m "$2" -- "$1"; else mkdir -p -- "$1"; fi`;
const SPACE = `stat -f -c '%S %b %f %a' -- "$1" || df -P -k -- "$1"`;

/** The files of another place, asked for by its shell. `base` is the directory in which it begins. */
export function filesThere(there: There, base: string): HostFiles {
  const resolve = (path: string) => posix.resolve(base, path);
  const ask = (script: string, path: string, ...args: readonly string[]) =>
    shell(there, script, [resolve(path), ...args], { about: path });
  const test = async (script: string, path: string) => (await ask(script, path)).toString() === 'y';
  const files: HostFiles = {
    resolve,
    real: async (path) => {
      const text = await ask(`stat -L -- "$1" >/dev/null && readlink -f -- "$1" && printf .`, path);
      return text.toString().slice(0, -2);
    },
    facts: async (path) => factsOf((await ask(STAT, path)).toString(), path),
    exists: (path) => test(`[ -e "$1" ] && printf y; exit 0`, path),
    isProgram: (path) => test(`[ -f "$1" ] && [ -x "$1" ] && printf y; exit 0`, path),
    list: async (directory) => entries(await ask(LIST, directory)),
    read: (path, limit = Number.POSITIVE_INFINITY) =>
      ask(READ, path, Number.isFinite(limit) ? String(Math.floor(limit)) : '-'),
    readAt: async (path, offset, length) => {
      const from = Math.floor(offset / PAGE);
      const pages = Math.ceil((offset + length) / PAGE) - from;
      const bytes = await ask(READ_AT, path, String(from), String(pages));
      return bytes.subarray(offset - from * PAGE, offset - from * PAGE + length);
    },
    create: async (path, text) => {
      await shell(there, CREATE, [resolve(path)], { about: path, input: text });
    },
    remove: async (path) => {
      await ask(`exec rm -f -- "$1"`, path);
    },
    makeDirectory: async (path, mode) => {
      await ask(DIRECTORY, path, mode === undefined ? '' : mode.toString(8));
    },
    free: async (directory) => (await files.space(directory))?.free,
    space: async (directory) => {
      const text = await ask(`${SPACE} || exit 0`, directory);
      return spaceOf(text.toString());
    },
  };
  return files;
}

function factsOf(text: string, path: string): FileFacts {
  const [mode = '', ...rest] = text.trim().split(' ');
  const [size, seconds, device, inode] = rest.map(Number);
  if (size === undefined || seconds === undefined || device === undefined || inode === undefined)
    throw systemError('stat said nothing that is understood', path);
  const kind = KINDS[Number.parseInt(mode, 16) & TYPE_BITS] ?? 'other';
  return { kind, size, modified: seconds * 1000, device, inode };
}

const ENTRY_KINDS: Readonly<Record<string, FileKind>> = { l: 'link', d: 'directory', f: 'file' };

function entries(bytes: Buffer): FileEntry[] {
  const names = bytes.toString().split('\0').slice(0, -1);
  return names.map((name) => ({ name: name.slice(1), kind: ENTRY_KINDS[name[0] ?? ''] ?? 'other' }));
}

/** From stat, `block blocks free available`; from df, kB after the name of the file system. */
function spaceOf(text: string): { free: number; total: number } | undefined {
  const stat = /^(\d+) (\d+) (\d+) (\d+)$/.exec(text.trim());
  if (stat !== null) {
    const [block = 0, blocks = 0, free = 0, available = 0] = stat.slice(1).map(Number);
    // /proc, /sys and some of FUSE have no size: that is not a full disk
    return blocks === 0 ? undefined : { free: available * block, total: (blocks - free + available) * block };
  }
  const df = /\s(\d+)\s+(\d+)\s+(\d+)\s+\d+%\s/.exec(text);
  if (df === null) return undefined;
  const [, used = 0, available = 0] = df.slice(1).map(Number);
  return { free: available * 1024, total: (used + available) * 1024 };
}
