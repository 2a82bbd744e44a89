import { createHash } from 'node:crypto';
import { open, stat, writeFile } from 'node:fs/promises';
import { readRegular } from '../files/durable.ts';
import { checksumTree, sha256File } from './checksum.ts';

/** Makes an empty file that its owner alone reads, before a program opens it. Throws the system's error. */
export async function reserve(path: string): Promise<void> {
  await (await open(path, 'wx', 0o600)).close();
}

/** Writes a file beside an archive, which its owner alone reads. Throws the system's error. */
export async function writeBeside(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
}

/** Reads a file beside an archive. Throws the system's error. */
export function readBeside(path: string): Promise<string> {
  return readRegular(path);
}

/** Bytes of a file that is being written; undefined where it is not there yet. */
export async function writtenTo(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

/** What tells at a glance that an archive is another one. Throws the system's error. */
export async function looksOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(' ');
}

/** What an archive is, by every byte of it. Throws the system's error. */
export async function fingerprintOf(path: string, signal?: AbortSignal): Promise<string> {
  if (!(await stat(path)).isDirectory()) return sha256File(path, signal);
  return createHash('sha256')
    .update(JSON.stringify(await checksumTree(path, signal)))
    .digest('hex');
}
