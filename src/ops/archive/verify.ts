import { bytes as inBytes, plural } from '../../text/units.ts';
import type { ResultTable } from '../engine/plan.ts';
import { OpError } from '../error.ts';
import type { Reader } from '../programs/programs.ts';
import type { Level, Verification } from '../repository/manifest.ts';
import { BackupBytes, type Stored } from './bytes/bytes.ts';
import { Changed, Damage, Untried, untriedErrors } from './bytes/errors.ts';
import { differences } from './compare.ts';
import { type Decoded, type DecodeIo, decodeArchive } from './decode.ts';
import type { Difference } from './errors.ts';
import { archiveErrors } from './errors.ts';
import { checkVolumes } from './volumes.ts';

/** What verifying needs of a step; what it cannot tell anybody it keeps to itself. */
export interface VerifyIo extends DecodeIo {
  result?(table: ResultTable): void;
}

/** Not the backup's fault: whoever may read it, or has room, can tell whether it is whole. */
const SURROUNDINGS = new Set([
  ...['EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'ENOSPC'],
  // the file system is a network's
  ...['ESTALE', 'ETIMEDOUT', 'ENOTCONN', 'EHOSTDOWN', 'EHOSTUNREACH'],
]);

/**
 * Verifies a backup without a server. `decode` reads it to its end; `checksum` compares every byte with what was
 * written; `counts` does both and compares the rows of every table, and the large objects, with those in the snapshot
 * that was dumped. Of a backup that pgdeck did not make nothing is recorded: `counts` is `decode` then.
 *
 * Damage is an answer with `ok: false`. Throws {@link OpError} when it cannot be told, and when it is cancelled.
 */
export async function verifyBackup(
  io: VerifyIo,
  reader: Reader | undefined,
  backup: Stored,
  level: Exclude<Level, 'restore'>,
  bytes?: BackupBytes,
): Promise<Verification> {
  const { manifest } = backup;
  const reached = manifest === undefined && level === 'counts' ? 'decode' : level;
  const answer = (ok: boolean, detail: string): Verification => ({
    level: reached,
    at: new Date().toISOString(),
    ok,
    detail,
  });
  try {
    const looked = bytes ?? (await BackupBytes.of(backup));
    return answer(true, await check(io, reader, backup, reached, looked));
  } catch (error) {
    if (!(error instanceof OpError) || !isDamage(error)) throw error;
    return answer(false, error.message);
  }
}

/** Whether what went wrong speaks against the backup, and not against whoever reads it. */
export function isDamage(error: OpError): boolean {
  if (error instanceof Untried || error instanceof Changed || error.kind !== 'failed') return false;
  const { code = '' } = (error.cause ?? {}) as NodeJS.ErrnoException;
  return !SURROUNDINGS.has(code);
}

async function check(
  io: VerifyIo,
  reader: Reader | undefined,
  backup: Stored,
  level: Exclude<Level, 'restore'>,
  bytes: BackupBytes,
): Promise<string> {
  const { manifest, kind, archive } = backup;
  if (level === 'checksum' && bytes.unknown !== undefined)
    throw archiveErrors.noChecksums({ why: bytes.unknown });
  const sums = level === 'decode' ? undefined : await bytes.compare(io);
  if (level === 'checksum' && sums !== undefined) return sums;
  const of = manifest?.tables.reduce((sum, table) => sum + (table.copy_bytes ?? 0), 0);
  let decoded: Decoded;
  try {
    decoded = await decodeArchive(io, reader, { kind, path: archive }, (done, size) =>
      io.progress?.({ label: 'decode', unit: 'bytes', ...progress(done, size, of) }),
    );
  } catch (error) {
    throw error instanceof OpError && isDamage(error) ? await blamed(io, backup, bytes, error) : error;
  }
  const volumes = await checkVolumes(backup, io.signal);
  await bytes.unchanged();
  const also = volumes === undefined ? '' : ` ${volumes}`;
  if (manifest === undefined) return `${whatIsThere(decoded)} ${bytes.unknown}`;
  if (level === 'decode') return `${whatIsThere(decoded)}${also}`;
  const found = differences(manifest, decoded);
  const [first] = found;
  if (first !== undefined) {
    io.result?.(tableOf(found));
    throw archiveErrors.notAsCounted({ first, others: found.length - 1 });
  }
  return `${whatIsThere(decoded)} As counted when it was made.${also} ${sums}`;
}

/**
 * Whose fault it is that it cannot be decoded. The same bytes were decoded before: then what reads them now is at
 * fault, a program without memory or a disk that stands still.
 */
async function blamed(io: VerifyIo, backup: Stored, bytes: BackupBytes, error: OpError): Promise<OpError> {
  const before = backup.manifest?.verifications.some(({ ok, level }) => ok && level !== 'checksum') ?? false;
  if (!before || bytes.unknown !== undefined) return error;
  try {
    await bytes.compare(io);
  } catch (other) {
    if (!(other instanceof OpError)) throw other;
    return other instanceof Damage ? error : other;
  }
  return untriedErrors.sameBytes({ id: backup.id, why: error.message });
}

/** A file's bytes are exact. Those of the rows leave out the definitions: not more than is known to come. */
function progress(done: number, size: number | undefined, rows: number | undefined) {
  if (size !== undefined) return { done, of: size };
  return rows === undefined || rows === 0 ? { done } : { done: Math.min(done, rows), of: rows };
}

function whatIsThere({ tables, largeObjects, bytes }: Decoded): string {
  const uncounted = tables.filter((table) => table.rows === null).length;
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const data =
    uncounted === 0
      ? `${plural(rows, 'row')} in ${plural(tables.length, 'table')}`
      : `${plural(tables.length, 'table')}, ${uncounted} of them as INSERT statements that are not counted`;
  const objects = largeObjects === null ? '' : `, ${plural(largeObjects, 'large object')}`;
  return `Whole to its end: ${data}${objects}, ${inBytes(bytes)} of SQL.`;
}

function tableOf(found: readonly Difference[]): ResultTable {
  return {
    title: 'Not as counted when it was made',
    columns: ['Table', 'Should hold', 'Holds'],
    rows: found.map(({ what, expected, found: there }) => [what, expected, there]),
  };
}
