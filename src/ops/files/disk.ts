import { dirname } from 'node:path';
import type { Host } from '../../hosts/host.ts';
import { local } from '../../hosts/local.ts';
import type { OpContext } from '../engine/operation.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

/**
 * Whether the server's directories may be those of the host, so that what is free there can be read: a place that is
 * named is the server's; this machine is where the connection does not leave it.
 */
export function isLocal({ target, host: { kind } }: Pick<OpContext, 'target' | 'host'>): boolean {
  return kind !== 'local' || target.host.startsWith('/') || LOOPBACK.has(target.host);
}

/** A file system, and what is free in it. */
export interface FileSystem {
  /** Label of the host that it is on. */
  readonly host: string;
  readonly device: number;
  readonly free: number;
}

/**
 * The file system of a server's directory. Undefined where this host has none of that name, or may not look: what is
 * above it says nothing then, since the server may be a container's.
 */
export async function fileSystemOf(
  { files, label }: Host,
  directory: string,
): Promise<FileSystem | undefined> {
  if (!directory.startsWith('/')) return undefined;
  try {
    const { device } = await files.facts(directory);
    const free = await files.free(directory);
    return free === undefined ? undefined : { host: label, device, free };
  } catch {
    return undefined;
  }
}

/** The file system that a directory of this machine is on, or will be on once it is made. */
export async function fileSystemToBe(directory: string): Promise<FileSystem | undefined> {
  const above = dirname(directory);
  const there = await local.files.facts(directory).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  return there || above === directory ? fileSystemOf(local, directory) : fileSystemToBe(above);
}
