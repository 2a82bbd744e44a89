import { constants } from 'node:fs';
import { copyFile, open, rm, stat } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import { importErrors } from '../errors.ts';

const MAGIC = 'SQLite format 3\0';
/** Of a write-ahead log, in either order of bytes. */
const WAL_MAGIC = [0x377f0682, 0x377f0683];
/** Of a rollback journal. */
const JOURNAL_MAGIC = 'd9d505f920a163d7';
/** Pages of one step of the backup: all of them, so that nobody writes between two. */
const ALL_PAGES = 0x7fffffff;

/** How long somebody else's lock is waited for, in ms. */
const BUSY_MS = 5_000;

interface Header {
  readonly pageSize: number;
  /** That the header says; 0 where it is not to be trusted. */
  readonly pages: number;
  readonly wal: boolean;
}

/**
 * Copies a SQLite database as one moment of it, by its online backup: it is opened to read only, and neither the file nor its
 * write-ahead log is changed. Throws {@link OpError} for what is none, is locked or was left in the middle of a change.
 */
export async function copySource(file: string, to: string): Promise<void> {
  const header = await readHeader(file);
  try {
    if (header.wal && (await copiedAsItIs(file, to))) return;
    const source = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
    try {
      // who keeps it for himself is known by this; the backup then only says that something was not an error (24.21)
      source.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
      await backup(source, to, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
  } catch (error) {
    throw sourceError(error, file);
  }
}

/**
 * Without anything in a write-ahead log nobody is writing, and the file is all of it. Opened even to read only it would
 * get an empty log beside it, which stays (3.53).
 */
async function copiedAsItIs(file: string, to: string): Promise<boolean> {
  const look = async () => {
    const [own, wal] = await Promise.all([stat(file), sizeOf(`${file}-wal`)]);
    return `${own.ino}:${own.size}:${own.mtimeMs}:${wal}`;
  };
  if ((await sizeOf(`${file}-wal`)) > 0) return false;
  const before = await look();
  await copyFile(file, to, constants.COPYFILE_EXCL);
  if ((await look()) === before) return true;
  await rm(to);
  return false;
}

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
};

async function readHeader(file: string): Promise<Header> {
  const facts = await stat(file).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw importErrors.unreadable({ file, why: error.message });
    if ((await sizeOf(`${file}-wal`)) > 0) throw importErrors.walAlone({ file });
    throw importErrors.missing({ file });
  });
  if (!facts.isFile()) throw importErrors.noFile({ file });
  const bytes = Buffer.alloc(100);
  const handle = await open(file).catch((error: Error) => {
    throw importErrors.unreadable({ file, why: error.message });
  });
  try {
    await handle.read(bytes, 0, bytes.length, 0);
  } finally {
    await handle.close();
  }
  if (facts.size === 0) throw importErrors.empty({ file });
  if (WAL_MAGIC.includes(bytes.readUInt32BE(0)) || bytes.toString('hex', 0, 8) === JOURNAL_MAGIC)
    throw importErrors.isSidecar({ file, database: file.replace(/-(wal|journal)$/, '') });
  if (bytes.toString('latin1', 0, 16) !== MAGIC)
    throw isNoise(bytes, facts.size) ? importErrors.encrypted({ file }) : importErrors.notSqlite({ file });
  const size = bytes.readUInt16BE(16);
  const header: Header = {
    pageSize: size === 1 ? 65_536 : size,
    // what changed the file last has written it too, or it says nothing (3.7.0)
    pages: bytes.readUInt32BE(24) === bytes.readUInt32BE(92) ? bytes.readUInt32BE(28) : 0,
    wal: bytes[18] === 2,
  };
  const said = header.pages * header.pageSize;
  if (facts.size < said && !header.wal) throw importErrors.short({ file, bytes: said, is: facts.size });
  return header;
}

/** As SQLCipher leaves it: whole pages, and bytes without any order from the first on, of which few are twice there. */
const isNoise = (head: Buffer, size: number): boolean => size % 512 === 0 && new Set(head).size > 70;

/** What an error of SQLite means for the file, by its result code. */
export function sourceError(error: unknown, file: string): unknown {
  const { errcode: code, errstr } = error as { errcode?: number; errstr?: string };
  if (code === undefined) {
    const { code: system, message } = error as NodeJS.ErrnoException;
    return system?.startsWith('E') && !system.startsWith('ERR_')
      ? importErrors.unreadable({ file, why: message })
      : error;
  }
  switch (code & 0xff) {
    case 5:
    case 6:
      return importErrors.locked({ file });
    case 8:
      return importErrors.hot({ file });
    case 11:
      return importErrors.damaged({ file, why: errstr ?? 'the database disk image is malformed' });
    case 26:
      return importErrors.notSqlite({ file });
    default:
      return importErrors.unreadable({ file, why: (error as Error).message });
  }
}
