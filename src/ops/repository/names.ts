/** What a file name may keep of a database's name; letters of every script, but nothing that hides or steers. */
const UNSAFE = /[^\p{L}\p{M}\p{N}._-]|\p{Default_Ignorable_Code_Point}/gu;

/** Endings of directories in the repository that are no backups. */
export const PARTIAL = '.partial';
export const DELETING = '.deleting';

/** Whether a name in the repository is one of something unfinished, or hidden. */
export function isHidden(name: string): boolean {
  return name.startsWith('.') || name.endsWith(PARTIAL) || name.endsWith(DELETING);
}

/**
 * The name of a backup, of its directory and of the archive in it: `<db>_<YYYYMMDD>_<HHMMSS>` in local time. The
 * database's name is made safe for a file; the true one is in the manifest.
 */
export function backupId(database: string, now: Date): string {
  return `${safeName(database)}_${stamp(now)}`;
}

/** A database's name as part of a file's: no separators, no leading dot or dash, nothing invisible. */
export function safeName(database: string): string {
  return database.normalize('NFC').replace(UNSAFE, '_').replace(/^[.-]/, '_') || '_';
}

function stamp(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  return `${day}_${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`;
}

/** What the name of a file tells that others have made. */
export interface Guess {
  readonly database: string | undefined;
  /** In local time. */
  readonly at: Date | undefined;
}

const ENDING = /(\.(sql|dump|backup|bak|pgdump|custom|gz|zst|zstd|dir))+$/i;
/** `20240101_120000`, `2024-01-01T12:00`, `20240101`. */
const WHEN = /(\d{4})[-.]?(\d{2})[-.]?(\d{2})(?:[-_T.]?(\d{2})[-:.]?(\d{2})(?:[-:.]?(\d{2}))?)?Z?(?!\d)/;
/** Words that name the purpose and not the database. */
const PURPOSE =
  /(^|[-_.])(backup|bak|dump|daily|weekly|monthly|hourly|full|latest|pre|pg|postgres)(?=$|[-_.])/gi;

/**
 * Reads database and time from names such as `shop_20240101_120000.sql.gz`, `wms-backup-20240109_120000.dump`,
 * `2024-01-09-shop.dump`, `shop.sql`; whatever is not there is undefined.
 */
export function guessFromName(name: string): Guess {
  const stem = name.replace(ENDING, '');
  const found = WHEN.exec(stem);
  const at = found === null ? undefined : dateOf(found);
  const rest = at === undefined || found === null ? stem : stem.replace(found[0], '');
  const database = rest
    .replace(PURPOSE, '')
    .replace(/^[-_.]+|[-_.]+$/g, '')
    .replace(/([-_.])[-_.]+/g, '$1');
  return { database: database === '' ? undefined : database, at };
}

function dateOf(found: RegExpExecArray): Date | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1)
    .map((part) => Number(part ?? 0));
  const at = new Date(year, month - 1, day, hour, minute, second);
  // 2024-13-45 would roll over into another month
  const real = year > 1990 && at.getMonth() === month - 1 && at.getDate() === day && hour < 24 && minute < 60;
  return real ? at : undefined;
}

/** How a run records which backup it uses, for others to leave it alone: `newest` may be another one by then. */
export function recordedName(
  given: string,
  { id, path, archive }: { readonly id: string; readonly path: string; readonly archive: string },
): string {
  return [path, archive].includes(given) ? given : id;
}
