import { open, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { sync } from '../../files/durable.ts';
import { rowsErrors } from './errors.ts';

/** Name of the manifest in the directory of an archive. */
export const MANIFEST = 'manifest.json';
const FORMAT = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const columnSchema = z.object({
  name: z.string(),
  /** As the server writes it, with its schema: `numeric(10,2)`. */
  type: z.string(),
  /** What the server makes of others: it is kept to be read, and not put back. */
  generated: z.boolean(),
});

/** A file of the archive: rows that one transaction has taken out of one table. */
const partSchema = z.object({
  /** Its name in the archive's directory. */
  file: z.string().regex(/^\d{6,}\.csv\.gz$/),
  /** The table or partition that they were in. */
  relation: z.string(),
  rows: z.int().min(0),
  bytes: z.int().min(0),
  sha256,
  /** Of the rows as the server writes them, in whatever order; absent where nobody has asked for it. */
  digest: z.string().regex(/^\d+$/).optional(),
});

/** A partition that was dropped when its rows were archived, as it can be made again. */
export const partitionSchema = z.object({
  schema: z.string(),
  name: z.string(),
  parent: z.object({ schema: z.string(), name: z.string() }),
  /** `FOR VALUES FROM (…) TO (…)`. */
  bound: z.string(),
  owner: z.string(),
});

const manifestSchema = z.object({
  formatVersion: z.literal(FORMAT),
  /** What became of the rows: they are gone, or these columns of theirs are NULL. */
  what: z.enum(['deleted', 'set_null']),
  table: z.object({ schema: z.string(), name: z.string() }),
  /** In the order of the values of each row. */
  columns: z.array(columnSchema).min(1),
  /** The search_path with which they were written: names in values of types as regclass are read with it. */
  searchPath: z.string(),
  /** Why they were taken, for people: the foreign key. */
  reason: z.string(),
  run: z.string(),
  /** `user@host:port/database`. */
  server: z.string(),
  serverVersion: z.string(),
  started_at: z.string(),
  /** Null while it is written: then the parts are not listed yet. */
  ended_at: z.string().nullable(),
  parts: z.array(partSchema),
  partitions: z.array(partitionSchema).optional(),
  rows: z.int().min(0),
  /** Of all parts, one after the other; null while it is written. */
  sha256: sha256.nullable(),
});

export type RowsManifest = z.output<typeof manifestSchema>;
export type RowsColumn = RowsManifest['columns'][number];
export type RowsPart = RowsManifest['parts'][number];
export type RowsPartition = z.output<typeof partitionSchema>;
/** What an archive is of, known before its first row. */
export type RowsAbout = Omit<
  RowsManifest,
  'formatVersion' | 'started_at' | 'ended_at' | 'parts' | 'partitions' | 'rows' | 'sha256'
>;

/** A manifest without rows yet. */
export function emptyManifest(about: RowsAbout, now: Date): RowsManifest {
  const started_at = now.toISOString();
  return { formatVersion: FORMAT, ...about, started_at, ended_at: null, parts: [], rows: 0, sha256: null };
}

/** Writes the manifest of an archive, wholly or not at all, and to the disk. Throws {@link OpError}. */
export async function writeManifest(directory: string, manifest: RowsManifest): Promise<void> {
  const path = join(directory, MANIFEST);
  const fresh = `${path}.new`;
  try {
    const file = await open(fresh, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(manifest, undefined, 2)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
    await sync(directory);
  } catch (error) {
    throw rowsErrors.unwritable({ path, code: codeOf(error) }, error);
  }
}

/** The manifest of an archive. Throws {@link OpError} for one that cannot be read, or believed. */
export async function readManifest(directory: string): Promise<RowsManifest> {
  const path = join(directory, MANIFEST);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw rowsErrors.unreadable({ path, code: codeOf(error) }, error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw rowsErrors.noManifest({ path, said: 'it is no JSON' }, error);
  }
  const { formatVersion: version } = (json ?? {}) as { formatVersion?: unknown };
  if (typeof version === 'number' && version > FORMAT) throw rowsErrors.newer({ path, version });
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw rowsErrors.noManifest({ path, said: `${issue?.path.join('.')}: ${issue?.message}` });
}

/** Name of part number `n`, from 1. */
export function partFile(n: number): string {
  return `${String(n).padStart(6, '0')}.csv.gz`;
}

/** Whether a name in the directory of an archive is a part's. */
export function isPart(name: string): boolean {
  return /^\d{6,}\.csv\.gz$/.test(basename(name));
}

export function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}
