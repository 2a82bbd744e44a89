import { type ArchiveKind, readHead } from './kind.ts';

/** What an archive says of itself, read without any program. What it does not say is undefined. */
export interface ArchiveHeader {
  readonly kind: ArchiveKind;
  readonly database: string | undefined;
  readonly createdAt: Date | undefined;
  /** `15.18`: of the server that was dumped. */
  readonly serverVersion: string | undefined;
  /** `15.18`: of the pg_dump that wrote it. */
  readonly dumpVersion: string | undefined;
  /** It was written by pg_dump or pg_dumpall. */
  readonly dump: boolean;
  /** It was written by pg_dumpall. */
  readonly cluster: boolean;
}

/** Reads the header of an archive. Throws {@link ../error.ts OpError} as {@link readHead} does. */
export async function readHeader(path: string): Promise<ArchiveHeader> {
  const { kind, head } = await readHead(path);
  const read = kind === 'custom' || kind === 'directory' ? binaryHeader : textHeader;
  return { kind, ...read(head) };
}

type Facts = Omit<ArchiveHeader, 'kind'>;

const NOTHING = {
  database: undefined,
  createdAt: undefined,
  serverVersion: undefined,
  dumpVersion: undefined,
};

/**
 * The header as ReadHead in pg_backup_archiver.c reads it: versions and sizes in bytes, then numbers (a sign and
 * intSize bytes, lowest first) and texts (their length as a number).
 */
function binaryHeader(head: Buffer): Facts {
  let at = 5;
  const byte = () => head.readUInt8(at++);
  try {
    const version = byte() * 256 + byte();
    byte();
    const intSize = byte();
    byte();
    byte();
    const number = () => {
      const negative = byte() !== 0;
      const value = head.readUIntLE(at, intSize);
      at += intSize;
      return negative ? -value : value;
    };
    const text = () => {
      const length = number();
      at += Math.max(length, 0);
      return length > 0 ? head.subarray(at - length, at).toString('utf8') : undefined;
    };
    // from 1.15 on the method of compression instead of a level
    if (version >= 256 + 15) byte();
    else number();
    const [second = 0, minute = 0, hour = 0, day = 0, month = 0, year = 0] = Array.from(
      { length: 7 },
      number,
    );
    return {
      database: text(),
      createdAt: new Date(year + 1900, month, day, hour, minute, second),
      serverVersion: versionIn(text()),
      dumpVersion: versionIn(text()),
      dump: true,
      cluster: false,
    };
  } catch {
    // cut within its header: still an archive, and verifying it will say that it is damaged
    return { ...NOTHING, dump: true, cluster: false };
  }
}

function versionIn(text: string | undefined): string | undefined {
  return text?.match(/\d+(\.\d+)*(beta\d|rc\d|devel)?/)?.[0];
}

const MARK = /^-- PostgreSQL database (cluster )?dump/m;

function textHeader(head: Buffer): Facts {
  const text = head.toString('utf8');
  // pg_dump --create says it
  const name =
    /^\\connect (?:-reuse-previous=on "dbname='(?<guarded>[^\n]*)'"|(?<plain>[^\s"]+|"(?:[^"]|"")+"))$/m;
  const { guarded, plain } = name.exec(text)?.groups ?? {};
  const cluster = /^-- PostgreSQL database cluster dump/m.test(text);
  const started = /^-- Started on (\S+ \S+)/m.exec(text)?.[1];
  const at = started === undefined ? undefined : new Date(started);
  const database = guarded?.replace(/\\(.)/g, '$1') ?? plain?.replace(/^"|"$/g, '').replaceAll('""', '"');
  return {
    database: cluster ? undefined : database,
    createdAt: at === undefined || Number.isNaN(at.getTime()) ? undefined : at,
    serverVersion: versionIn(/^-- Dumped from database version (.*)$/m.exec(text)?.[1]),
    dumpVersion: versionIn(/^-- Dumped by pg_dump version (.*)$/m.exec(text)?.[1]),
    dump: MARK.test(text),
    cluster,
  };
}
