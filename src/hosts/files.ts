import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { FileKind, HostFiles } from './host.ts';

type Kinds = Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>;

function kindOf(one: Kinds): FileKind {
  if (one.isFile()) return 'file';
  if (one.isDirectory()) return 'directory';
  return one.isSymbolicLink() ? 'link' : 'other';
}

/**
 * The files of this machine. What looks at them does not wait for a thread: a project has thousands of small files, and
 * one takes eight calls, which took four times as long that way.
 */
export const files: HostFiles = {
  resolve: (path) => resolve(path),
  real: async (path) => realpathSync(path),
  facts: async (path) => {
    const facts = statSync(path);
    return {
      kind: kindOf(facts),
      size: facts.size,
      modified: facts.mtimeMs,
      device: facts.dev,
      inode: facts.ino,
    };
  },
  factsOf: (paths) => Promise.all(paths.map((path) => files.facts(path).catch(() => undefined))),
  exists: async (path) => existsSync(path),
  isProgram: async (path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  },
  list: async (directory) =>
    readdirSync(directory, { withFileTypes: true }).map((entry) => ({
      name: entry.name,
      kind: kindOf(entry),
    })),
  read: async (path, limit = Number.POSITIVE_INFINITY) => {
    // opened otherwise, a pipe would keep us until somebody writes to it
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (fstatSync(file).size > limit)
        throw Object.assign(new Error(`EFBIG: file too large, read '${path}'`), { code: 'EFBIG' });
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  },
  readAt: async (path, offset, length) => {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const bytes = Buffer.allocUnsafe(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
    } finally {
      closeSync(file);
    }
  },
  create: (path, text) => writeFile(path, text, { flag: 'wx' }),
  remove: (path) => rm(path, { force: true }),
  makeDirectory: async (path, mode) => {
    await mkdir(path, { recursive: true, ...(mode !== undefined && { mode }) });
  },
  free: async (directory) => (await files.space(directory))?.free,
  space: async (directory) => {
    try {
      const { blocks, bfree, bavail, bsize } = await statfs(directory);
      // /proc, /sys and some of FUSE have no size: that is not a full disk
      if (blocks === 0) return undefined;
      return { free: bavail * bsize, total: (blocks - bfree + bavail) * bsize };
    } catch {
      return undefined;
    }
  },
};
