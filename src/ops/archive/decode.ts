import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CommandError, type Host } from '../../hosts/host.ts';
import { OpError } from '../error.ts';
import { diskError } from '../files/durable.ts';
import type { Reader } from '../programs/programs.ts';
import { archiveErrors } from './errors.ts';
import { DumpScanner, type Scan, type ScannedTable } from './scanner.ts';
import { type Placed, type StageIo, withArchive } from './staged.ts';
import { decompressor } from './text.ts';
import { isCrash, readToc, reasonIn, type TocEntry } from './toc.ts';

/** What a full decode has found. */
export interface Decoded {
  /** Tables whose data is in the archive, in its order. */
  readonly tables: readonly ScannedTable[];
  /** Large objects with their content; null when it cannot be told. */
  readonly largeObjects: number | null;
  /** Bytes of SQL that came out. */
  readonly bytes: number;
  readonly complete: true;
}

/** What decoding needs of a step, or of whoever else does it. */
export interface DecodeIo extends StageIo {
  /** Where the archive is, and what unpacks text. */
  readonly here: Host;
  /** Sees the SQL as it comes out; it must not throw. */
  readonly onText?: (piece: Buffer) => void;
  /** Milliseconds without a byte before decoding is given up; a minute without it. */
  readonly stallMs?: number;
}

/** Bytes so far, some times a second; `of` is the size of the file where the file's bytes are what is counted. */
export type OnProgress = (done: number, of: number | undefined) => void;

/** Between two pieces of a decode there are milliseconds; a minute without one means that it spins on damage. */
const STALL_MS = 60_000;
const PIECE = 1 << 20;
const PROGRESS_MS = 100;

/**
 * Decodes an archive to its end and counts the rows in it, without a server and without writing anything. Throws
 * {@link OpError} when it is cut off or damaged, as far as decoding can tell: a changed byte in data that is not
 * compressed is only seen by its checksum.
 */
export async function decodeArchive(
  io: DecodeIo,
  reader: Reader | undefined,
  archive: Placed,
  onProgress?: OnProgress,
): Promise<Decoded> {
  const told = onProgress && seldom(onProgress);
  try {
    return await (archive.kind === 'custom' || archive.kind === 'directory'
      ? fromArchive(io, reader, archive, told)
      : fromSql(io, archive, told));
  } catch (error) {
    if (io.signal?.aborted) throw archiveErrors.checkCancelled(error);
    if (error instanceof CommandError && error.kind === 'stalled')
      throw archiveErrors.standsStill({ path: archive.path }, error);
    if (isCrash(error)) throw archiveErrors.undecodable({ path: archive.path, said: error.message }, error);
    throw error;
  }
}

/** Pieces come thousands of times a second, and nobody reads as fast. */
function seldom(onProgress: OnProgress): OnProgress {
  let last = Number.NEGATIVE_INFINITY;
  return (done, of) => {
    const now = performance.now();
    if (now - last < PROGRESS_MS && done !== of) return;
    last = now;
    onProgress(done, of);
  };
}

async function fromArchive(
  io: DecodeIo,
  reader: Reader | undefined,
  archive: Placed,
  onProgress?: OnProgress,
): Promise<Decoded> {
  if (reader === undefined) throw archiveErrors.noPgRestore();
  if (archive.kind === 'directory') await refuseEmptyFiles(archive);
  return withArchive(reader.host, archive, io, (path) => decodeAt(path, io, reader, archive, onProgress));
}

async function decodeAt(
  path: string,
  { signal, onText, stallMs = STALL_MS }: DecodeIo,
  { host, path: program }: Reader,
  archive: Placed,
  onProgress?: OnProgress,
): Promise<Decoded> {
  const pgRestore = program('pg_restore');
  const { entries } = await readToc(host, pgRestore, path, archive.path);
  const scanner = new DumpScanner();
  let done = 0;
  const { exitCode, stderr } = await host.run(pgRestore, ['-f', '-', path], {
    env: { LC_ALL: 'C' },
    ...(signal && { signal }),
    stallMs,
    maxOutput: 64 * 1024,
    onStdout: (piece) => {
      scanner.write(piece);
      onText?.(piece);
      done += piece.length;
      onProgress?.(done, undefined);
    },
  });
  if (exitCode !== 0) throw archiveErrors.undecodable({ path: archive.path, said: reasonIn(stderr) });
  const scan = scanner.end();
  refuseMissing(archive, entries, scan);
  return decoded(archive, scan);
}

/** pg_restore passes over a file that was emptied: it takes what follows for its rows. */
function refuseMissing({ path }: Placed, entries: readonly TocEntry[], scan: Scan): void {
  const expected = entries.filter((entry) => entry.type === 'TABLE DATA');
  if (scan.unfinished !== undefined) throw archiveErrors.endlessTable({ path, table: scan.unfinished });
  if (scan.tables.length >= expected.length) return;
  throw archiveErrors.missingTables({ path, expected: expected.length, found: scan.tables.length });
}

/** A compressed file is never empty, not even that of an empty table or large object. */
async function refuseEmptyFiles({ path }: Placed): Promise<void> {
  try {
    for (const name of await readdir(path)) {
      if (!/\.(gz|zst|lz4)$/.test(name)) continue;
      if ((await stat(join(path, name))).size === 0) throw archiveErrors.emptyFile({ path, name });
    }
  } catch (error) {
    throw diskError(error, 'readBackup', path);
  }
}

async function fromSql(io: DecodeIo, archive: Placed, onProgress?: OnProgress): Promise<Decoded> {
  const scanner = new DumpScanner();
  try {
    const unpack = decompressor(archive);
    if (unpack === 'program') await throughZstd(io, archive, scanner);
    else await throughNode(io, archive, scanner, unpack, onProgress);
  } catch (error) {
    if (error instanceof OpError || error instanceof CommandError || io.signal?.aborted) throw error;
    throw zlibError(archive, error);
  }
  const scan = scanner.end();
  if (scan.unfinished !== undefined)
    throw archiveErrors.endsInTable({ path: archive.path, table: scan.unfinished });
  return decoded(archive, scan);
}

async function throughNode(
  { signal, onText }: DecodeIo,
  { path }: Placed,
  scanner: DumpScanner,
  unpack: Exclude<ReturnType<typeof decompressor>, 'program'>,
  onProgress?: OnProgress,
): Promise<void> {
  const { size } = await stat(path);
  let done = 0;
  const file = createReadStream(path, { highWaterMark: PIECE });
  file.on('data', (piece) => {
    done += piece.length;
    onProgress?.(done, size);
  });
  file.pause();
  const sink = async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) {
      scanner.write(piece);
      onText?.(piece);
    }
  };
  if (unpack === undefined) await pipeline(file, sink, { signal });
  else await pipeline(file, unpack, sink, { signal });
}

async function throughZstd(
  { here, signal, onText, stallMs = STALL_MS }: DecodeIo,
  archive: Placed,
  scanner: DumpScanner,
): Promise<void> {
  const { exitCode, stderr } = await here.run('zstd', ['-dcq', '--', archive.path], {
    ...(signal && { signal }),
    stallMs,
    maxOutput: 64 * 1024,
    onStdout: (piece) => {
      scanner.write(piece);
      onText?.(piece);
    },
  });
  if (exitCode !== 0) throw archiveErrors.undecodable({ path: archive.path, said: reasonIn(stderr) });
}

function decoded({ path }: Placed, { tables, largeObjects, complete, bytes }: Scan): Decoded {
  if (!complete) throw archiveErrors.cutOff({ path });
  return { tables, largeObjects, bytes, complete };
}

function zlibError({ path }: Placed, error: unknown): OpError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (!/^(Z_|ZSTD_|ERR_)/.test(code)) return diskError(error, 'readBackup', path);
  if (code === 'Z_BUF_ERROR') return archiveErrors.packedShort({ path }, error);
  return archiveErrors.undecodable({ path, said: message }, error);
}
