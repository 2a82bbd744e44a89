import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { type ArchiveKind, readHead } from '../archive/kind.ts';
import type { OpContext } from '../engine/operation.ts';
import { OpError } from '../error.ts';
import { diskError, exists } from '../files/durable.ts';
import { repositoryErrors } from './errors.ts';
import { describeForeign, kindOf } from './foreign.ts';
import type { ArchiveFormat, BackupScope, Level, Manifest, Verification } from './manifest.ts';
import { guessFromName, isHidden, PARTIAL } from './names.ts';
import { isFromFuture, isSafety } from './safety.ts';
import { MANIFEST, readManifest } from './update.ts';

/**
 * `ok`: a verification held, and none stands against it. `unverified`: it had none. `damaged`: a verification failed, or
 * what the manifest names is not there. `foreign`: not made by pgdeck.
 */
export type BackupStatus = 'ok' | 'unverified' | 'damaged' | 'foreign';

/** A backup in the repository, or a file that was named. */
export interface Backup {
  /** Name of its directory or file. */
  readonly id: string;
  /** Its directory; the file itself where pgdeck did not make it. */
  readonly path: string;
  /** null where it is not known. */
  readonly database: string | null;
  readonly createdAt: Date;
  readonly format: ArchiveFormat;
  /** null where it is not known. */
  readonly scope: BackupScope | null;
  readonly bytes: number;
  readonly status: BackupStatus;
  /** What is known to be wrong with one that is damaged; sentences. */
  readonly damage?: readonly string[];
  readonly manifest?: Manifest;
  /** What is read to restore it: a file, or a directory with toc.dat. */
  readonly archive: string;
  readonly kind: ArchiveKind;
}

/** Where backups are kept: --dir, BACKUP_DIR, the profile's setting, or a directory of the user's. Absolute. */
export function repositoryDirectory(
  context: Pick<OpContext, 'env' | 'home' | 'backup'>,
  dir?: string,
): string {
  const { env, home, backup } = context;
  const named = dir || env.BACKUP_DIR || backup.directory;
  if (named) return resolve(named.replace(/^~(?=$|\/)/, home));
  return join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'pgdeck', 'backups');
}

/** Files that are looked at together: each is open for a moment, and a directory of others may hold thousands. */
const AT_ONCE = 32;

/**
 * Every backup of a repository, newest first, with the files that others put there. What is unfinished is none.
 * An absent repository has none; throws {@link OpError} for one that cannot be read.
 */
export async function listBackups(directory: string): Promise<Backup[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw diskError(error, 'listBackups', directory);
  }
  const found: (Backup | undefined)[] = [];
  const visible = names.filter((name) => !isHidden(name));
  for (let at = 0; at < visible.length; at += AT_ONCE) {
    const some = visible.slice(at, at + AT_ONCE);
    // removed while it is looked at, or not readable: not a backup that could be used
    found.push(
      ...(await Promise.all(some.map((name) => describe(join(directory, name)).catch(() => undefined)))),
    );
  }
  return found
    .filter((one) => one !== undefined)
    .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || byName(b.id, a.id));
}

/** Of two of one second the later one has the higher number: -2, -10. */
const { compare: byName } = new Intl.Collator('en', { numeric: true });

/**
 * Stands for the newest good whole backup of the database that is connected to, safety backups left out: of that server
 * where it has one, since others may keep one of the same name in the same repository.
 */
export const NEWEST = 'newest';

/** What is called so is a file of somebody, and no backup by its name. */
const FILE = /\.(sql|dump|backup|tar|gz|zst)$/i;

/**
 * The backup of that name in the repository (its beginning is enough where it is the only one), or the one at that
 * path. `server`: its system identifier, where it is known. Throws {@link OpError} when there is none, when there are several, and when it was never finished.
 */
export async function findBackup(
  directory: string,
  idOrPath: string,
  database?: string,
  now = new Date(),
  server?: string,
): Promise<Backup> {
  if (idOrPath === NEWEST) return newest(directory, database, now, server);
  const isName = !idOrPath.includes(sep);
  const candidates = isName ? [join(directory, idOrPath), resolve(idOrPath)] : [resolve(idOrPath)];
  for (const path of candidates) {
    if (idOrPath === '' || !(await exists(path))) continue;
    refuseUnfinished(path);
    const owner = dirname(path);
    // the archive within a backup of ours stands for the backup
    const home = (await exists(join(owner, MANIFEST))) ? owner : path;
    refuseUnfinished(home);
    const backup = await describe(home);
    if (backup) return backup;
    await nameContent(home);
    throw repositoryErrors.notABackup({ path });
  }
  const begins = isName && idOrPath !== '' ? await beginningWith(directory, idOrPath) : [];
  const [only, second] = begins;
  if (only === undefined)
    throw isName && !FILE.test(idOrPath)
      ? repositoryErrors.noBackup({ id: idOrPath, directory })
      : repositoryErrors.noFile({ path: isName ? resolve(idOrPath) : idOrPath });
  if (second !== undefined)
    throw repositoryErrors.ambiguous({ beginning: idOrPath, count: begins.length, first: only.id });
  return only;
}

/** Throws what is known of a file that is no backup: an archive of a kind that is not read. */
async function nameContent(path: string): Promise<void> {
  try {
    await readHead(path);
  } catch (error) {
    throw error instanceof OpError ? error.as('refused') : error;
  }
}

async function newest(
  directory: string,
  database: string | undefined,
  now: Date,
  server: string | undefined,
): Promise<Backup> {
  const all = (await listBackups(directory)).filter(
    (one) =>
      one.status === 'ok' &&
      one.scope === 'full' &&
      !isSafety(one) &&
      (database === undefined || one.database === database),
  );
  const own = all.filter(({ manifest }) => manifest?.server.system_identifier === server);
  const good = server === undefined || own.length === 0 ? all : own;
  // one from the future would be the newest for ever; with no others it is this machine's clock that is behind
  const found = good.find(({ createdAt }) => !isFromFuture(createdAt, now)) ?? good[0];
  if (found) return found;
  throw repositoryErrors.noGoodBackup({ database, directory });
}

async function beginningWith(directory: string, text: string): Promise<Backup[]> {
  return (await listBackups(directory)).filter(({ id }) => id.startsWith(text));
}

function refuseUnfinished(path: string): void {
  if (path.endsWith(PARTIAL)) throw repositoryErrors.unfinished({ path });
}

/** What is at a path; undefined when it is no backup. */
async function describe(path: string): Promise<Backup | undefined> {
  if (await exists(join(path, MANIFEST))) return own(path);
  const foreign = await describeForeign(path);
  if (foreign === undefined) return undefined;
  const { damaged, ...facts } = foreign;
  return { id: basename(path), path, archive: path, status: damaged ? 'damaged' : 'foreign', ...facts };
}

async function own(path: string): Promise<Backup> {
  const id = basename(path);
  let manifest: Manifest;
  try {
    manifest = await readManifest(path);
  } catch (error) {
    return withoutManifest(path, error);
  }
  const { database, created_at, format, scope, bytes, verifications } = manifest;
  const archive = join(path, manifest.archive);
  const damage = [...(await missing(path, manifest)), ...standing(manifest).map(described)];
  return {
    id,
    path,
    archive,
    database: database.name,
    createdAt: new Date(created_at),
    format,
    scope,
    bytes,
    kind: kindOf(format, manifest.archive),
    status: damage.length > 0 ? 'damaged' : verifications.some(({ ok }) => ok) ? 'ok' : 'unverified',
    ...(damage.length > 0 && { damage }),
    manifest,
  };
}

/** What pgdeck keeps beside an archive. */
const BESIDE = /^(manifest\.json.*|owner\.json|globals\.sql|restore\.list)$/;

/** With its manifest lost, the archive is still there, and may be all there is. */
async function withoutManifest(path: string, error: unknown): Promise<Backup> {
  const id = basename(path);
  const { database = null, at } = guessFromName(id);
  const names = (await readdir(path)).filter((name) => !BESIDE.test(name) && !isHidden(name));
  const [only] = names.length === 1 ? names : [];
  const archive = only === undefined ? path : join(path, only);
  const found = only === undefined ? undefined : await describeForeign(archive);
  return {
    ...{ id, path, archive, status: 'damaged', scope: null },
    damage: [(error as Error).message],
    database: database ?? found?.database ?? null,
    createdAt: at ?? (await stat(path)).mtime,
    format: found?.format ?? 'custom',
    kind: found?.kind ?? 'custom',
    bytes: found?.bytes ?? 0,
  };
}

/**
 * The verifications that failed and that none of their own level has held since. No other level makes up for one: a
 * backup that restores may still hold other values than were written.
 */
function standing({ verifications }: Manifest): Verification[] {
  return verifications.filter(
    ({ ok, level }, at) => !ok && !verifications.slice(at + 1).some((one) => one.ok && one.level === level),
  );
}

/** The levels at which something stands against a backup. */
export function failedLevels({ manifest }: Pick<Backup, 'manifest'>): readonly Level[] {
  return manifest === undefined ? [] : [...new Set(standing(manifest).map(({ level }) => level))];
}

function described({ level, at, detail }: Verification): string {
  return `${level} failed on ${at.slice(0, 16).replace('T', ' ')}${detail === '' ? '.' : `: ${detail}`}`;
}

/** The last verification that held; undefined when none did, or when something stands against the backup. */
export function lastVerified({
  manifest,
  status,
}: Pick<Backup, 'manifest' | 'status'>): Verification | undefined {
  return status === 'damaged' ? undefined : manifest?.verifications.filter(({ ok }) => ok).at(-1);
}

/** When it was last restored and compared: "last proven restorable"; undefined when something stands against it. */
export function lastProven({
  manifest,
  status,
}: Pick<Backup, 'manifest' | 'status'>): Verification | undefined {
  if (status === 'damaged') return undefined;
  return manifest?.verifications.filter(({ ok, level }) => ok && level === 'restore').at(-1);
}

/** Few enough to look at in a list; of a directory archive its table of contents is one of them. */
const LOOKED_AT = 16;

/** What a glance can tell: the files are there, in their sizes. */
async function missing(path: string, manifest: Manifest): Promise<string[]> {
  const contents = join(manifest.archive, 'toc.dat');
  const few = manifest.files.filter((file, at) => at < LOOKED_AT || file.path === contents);
  const found = await Promise.all(
    few.map(async ({ path: name, bytes: size }) => {
      const there = (await stat(join(path, name)).catch(() => undefined))?.size;
      if (there === size) return [];
      return [there === undefined ? `${name} is missing.` : `${name} has ${there} bytes instead of ${size}.`];
    }),
  );
  const told = found.flat();
  if (told.length > 0 || (await exists(join(path, manifest.archive)))) return told;
  return [`${manifest.archive} is missing.`];
}
