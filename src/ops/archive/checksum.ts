import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { filesBelow } from '../files/durable.ts';

/** What a file was when it was written. */
export interface FileSum {
  /** Relative to the directory. */
  readonly path: string;
  readonly bytes: number;
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
}

/** Bookkeeping of the repository in a backup's directory; it changes while the backup does not. */
const OURS = new Set(['manifest.json', 'manifest.json.tmp', 'owner.json']);

/** SHA-256 of a file, hexadecimal. `onBytes` is told of each piece that was read. Throws the system's error. */
export async function sha256File(
  path: string,
  signal?: AbortSignal,
  onBytes?: (bytes: number) => void,
): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) {
    hash.update(chunk);
    onBytes?.(chunk.length);
  }
  return hash.digest('hex');
}

/** Size and SHA-256 of every file in a directory and below, without the manifest. Throws the system's error. */
export async function checksumTree(
  directory: string,
  signal?: AbortSignal,
  onBytes?: (bytes: number) => void,
): Promise<FileSum[]> {
  const sums: FileSum[] = [];
  for (const path of await filesBelow(directory)) {
    if (OURS.has(path)) continue;
    const full = join(directory, path);
    const { size } = await stat(full);
    sums.push({ path, bytes: size, sha256: await sha256File(full, signal, onBytes) });
  }
  return sums;
}
