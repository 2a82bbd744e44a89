import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readHeader } from '../archive/header.ts';
import type { ArchiveKind } from '../archive/kind.ts';
import { filesBelow } from '../files/durable.ts';
import type { ArchiveFormat, BackupScope } from './manifest.ts';
import { guessFromName } from './names.ts';

/** How backups that pgdeck did not make are usually called. */
const DUMP_NAME = /\.(sql|dump|backup|pgdump|custom)(\.(gz|zst))?$/i;

/** What is known of a file or directory that pgdeck did not make. */
export interface Foreign {
  readonly database: string | null;
  readonly createdAt: Date;
  readonly format: ArchiveFormat;
  readonly scope: BackupScope | null;
  readonly bytes: number;
  readonly kind: ArchiveKind;
  /** Its name says that it is a dump, and its content is none: empty, or damaged. */
  readonly damaged: boolean;
}

/** Describes a backup that others made; undefined when it is none. Throws the system's error. */
export async function describeForeign(path: string): Promise<Foreign | undefined> {
  const name = basename(path);
  const facts = await stat(path);
  // a pipe or a device, whatever its name
  if (!facts.isDirectory() && !facts.isFile()) return undefined;
  const { database, at } = guessFromName(name);
  const described = {
    scope: null,
    bytes: facts.isDirectory() ? await bytesBelow(path) : facts.size,
  };
  try {
    const header = await readHeader(path);
    // scripts of other kinds end in .sql too
    if (header.kind.startsWith('sql') && !header.dump && !DUMP_NAME.test(name)) return undefined;
    return {
      ...described,
      database: header.database ?? database ?? null,
      createdAt: header.createdAt ?? at ?? facts.mtime,
      format: formatOf(header.kind),
      kind: header.kind,
      damaged: false,
    };
  } catch {
    if (facts.isDirectory() || !DUMP_NAME.test(name)) return undefined;
    const kind = kindFromName(name);
    return {
      ...described,
      database: database ?? null,
      createdAt: at ?? facts.mtime,
      format: formatOf(kind),
      kind,
      damaged: true,
    };
  }
}

export function formatOf(kind: ArchiveKind): ArchiveFormat {
  return kind === 'custom' || kind === 'directory' ? kind : 'plain';
}

function kindFromName(name: string): ArchiveKind {
  if (/\.sql\.gz$/i.test(name)) return 'sql.gz';
  if (/\.sql\.zst$/i.test(name)) return 'sql.zst';
  return /\.sql$/i.test(name) ? 'sql' : 'custom';
}

/** Kind of an archive by its format and name, where pgdeck gave them. */
export function kindOf(format: ArchiveFormat, archive: string): ArchiveKind {
  return format === 'plain' ? kindFromName(archive) : format;
}

async function bytesBelow(directory: string): Promise<number> {
  const sizes = await Promise.all(
    (await filesBelow(directory)).map(async (path) => (await stat(join(directory, path))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
