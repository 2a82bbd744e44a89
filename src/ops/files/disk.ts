import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { OpContext } from '../engine/operation.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

/** Whether the server's directories may be this machine's, so that what is free there can be read. */
export function isLocal({ target: { host } }: Pick<OpContext, 'target'>): boolean {
  return host.startsWith('/') || LOOPBACK.has(host);
}

/**
 * Bytes that this user may still write below a directory. Undefined where this machine has none of that name, or may
 * not look: a server on this host may be a container's.
 */
export async function freeBytes(directory: string): Promise<number | undefined> {
  try {
    const { blocks, bavail, bsize } = await statfs(directory);
    // /proc, /sys and some of FUSE have no size: that is not a full disk
    return blocks === 0 ? undefined : bavail * bsize;
  } catch {
    return undefined;
  }
}

/** A file system, and what is free in it. */
export interface FileSystem {
  readonly device: number;
  readonly free: number;
}

/**
 * The file system of a server's directory. Undefined where this machine has none of that name, or may not look: what is
 * above it says nothing then, since the server may be a container's.
 */
export async function fileSystemOf(directory: string): Promise<FileSystem | undefined> {
  if (!directory.startsWith('/')) return undefined;
  try {
    const { dev } = await stat(directory);
    const free = await freeBytes(directory);
    return free === undefined ? undefined : { device: dev, free };
  } catch {
    return undefined;
  }
}

/** The file system that a directory of this machine is on, or will be on once it is made. */
export async function fileSystemToBe(directory: string): Promise<FileSystem | undefined> {
  const above = dirname(directory);
  const there = await stat(directory).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  return there || above === directory ? fileSystemOf(directory) : fileSystemToBe(above);
}
