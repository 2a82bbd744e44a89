import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { OpError } from '../error.ts';
import { diskError } from '../files/durable.ts';
import { archiveErrors } from './errors.ts';

/** How an archive is read: the first two by pg_restore, the others are SQL for psql. */
export type ArchiveKind = 'custom' | 'directory' | 'sql' | 'sql.gz' | 'sql.zst';

export interface Archive {
  readonly kind: ArchiveKind;
  /** The file, or the directory that holds toc.dat. */
  readonly path: string;
}

/** Enough for the header of every kind: a dump's own comes within its first lines. */
const HEAD = 64 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const PGDMP = Buffer.from('PGDMP');

/**
 * What an archive is, by its content and not by its name, and the beginning of that content, decompressed where it is
 * SQL. Throws {@link OpError} when it is a tar archive, empty, missing, or none of pg_dump's.
 */
export async function readHead(path: string): Promise<{ kind: ArchiveKind; head: Buffer }> {
  let head: Buffer;
  let isDirectory: boolean;
  try {
    const facts = await stat(path);
    isDirectory = facts.isDirectory();
    // to open a pipe waits for somebody who writes
    if (!isDirectory && !facts.isFile()) throw archiveErrors.notAFile({ path });
    head = await firstBytes(isDirectory ? join(path, 'toc.dat') : path);
  } catch (error) {
    if (error instanceof OpError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' && (await stat(path).catch(() => undefined)) !== undefined)
      throw archiveErrors.noToc({ path });
    throw diskError(error, 'readBackup', path);
  }
  if (head.length === 0) throw archiveErrors.empty({ path });
  if (starts(head, PGDMP)) return { kind: isDirectory ? 'directory' : 'custom', head };
  if (isDirectory) throw archiveErrors.foreignToc({ path });
  if (starts(head, GZIP)) return { kind: 'sql.gz', head: unpacked(path, head, 'gzip', gunzipSome) };
  if (starts(head, ZSTD)) return { kind: 'sql.zst', head: unpacked(path, head, 'zstd', unzstdSome) };
  if (head.subarray(257, 262).toString('latin1') === 'ustar') throw archiveErrors.tar({ path });
  if (!isText(head)) throw archiveErrors.unknown({ path });
  return { kind: 'sql', head };
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function unpacked(
  path: string,
  head: Buffer,
  by: string,
  unpack: (head: Buffer) => Buffer | undefined,
): Buffer {
  let text: Buffer | undefined;
  try {
    text = unpack(head);
  } catch (error) {
    throw archiveErrors.packedBadly({ path, by }, error);
  }
  // without a decompressor here its content is looked at when it is decoded
  if (text === undefined) return Buffer.alloc(0);
  if (starts(text, PGDMP)) throw archiveErrors.archiveInside({ path, by });
  if (!isText(text)) throw archiveErrors.unknown({ path });
  return text;
}

function gunzipSome(head: Buffer): Buffer {
  return zlib.gunzipSync(head, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
}

function unzstdSome(head: Buffer): Buffer | undefined {
  // Node 22.15 and later
  if (typeof zlib.zstdDecompressSync !== 'function') return undefined;
  return zlib.zstdDecompressSync(head, { finishFlush: zlib.constants.ZSTD_e_flush });
}

function starts(head: Buffer, magic: Buffer): boolean {
  return head.subarray(0, magic.length).equals(magic);
}

function isText(head: Buffer): boolean {
  return !head.includes(0) && /^\s*(--|\/\*|\\|[a-z(])/i.test(head.subarray(0, 4096).toString('latin1'));
}
