import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exact, bytes as inBytes, plural } from '../../text/units.ts';
import type { Clients } from '../clients/programs.ts';
import { OpError } from '../error.ts';
import type { Progress, ResultTable } from '../operation.ts';
import { diskError } from '../repository/disk.ts';
import type { Level, Manifest, Verification } from '../repository/manifest.ts';
import type { Backup } from '../repository/repository.ts';
import { sha256File } from './checksum.ts';
import { type Difference, differences } from './compare.ts';
import { type Decoded, type DecodeIo, decodeArchive } from './decode.ts';

/** What verifying needs of a step; what it cannot tell anybody it keeps to itself. */
export interface VerifyIo extends DecodeIo {
  progress?(progress: Progress): void;
  result?(table: ResultTable): void;
}

/** Not the backup's fault: whoever may read it, or has room, can tell whether it is whole. */
const SURROUNDINGS = new Set(['EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Verifies a backup without a server. `decode` reads it to its end; `checksum` compares every byte with what was
 * written; `counts` does both and compares the rows of every table, and the large objects, with those in the snapshot
 * that was dumped. Of a backup that pgdeck did not make nothing is recorded: `counts` is `decode` then.
 *
 * Damage is an answer with `ok: false`. Throws {@link OpError} when it cannot be told, and when it is cancelled.
 */
export async function verifyBackup(
  io: VerifyIo,
  clients: Pick<Clients, 'path'> | undefined,
  backup: Pick<Backup, 'id' | 'path' | 'archive' | 'kind' | 'manifest'>,
  level: Exclude<Level, 'restore'>,
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
    return answer(true, await check(io, clients, backup, reached, manifest));
  } catch (error) {
    if (!(error instanceof OpError) || error.kind !== 'failed') throw error;
    const { code = '' } = (error.cause ?? {}) as NodeJS.ErrnoException;
    if (SURROUNDINGS.has(code)) throw error;
    return answer(false, error.message);
  }
}

async function check(
  io: VerifyIo,
  clients: Pick<Clients, 'path'> | undefined,
  backup: Pick<Backup, 'id' | 'path' | 'archive' | 'kind'>,
  level: Exclude<Level, 'restore'>,
  manifest: Manifest | undefined,
): Promise<string> {
  const sums = level === 'decode' ? undefined : await compareSums(io, backup, manifest);
  if (level === 'checksum' && sums !== undefined) return sums;
  const of = manifest?.tables.reduce((sum, table) => sum + (table.copy_bytes ?? 0), 0);
  const decoded = await decodeArchive(
    io,
    clients,
    { kind: backup.kind, path: backup.archive },
    (done, size) => io.progress?.({ label: 'decode', unit: 'bytes', ...progress(done, size, of) }),
  );
  if (manifest === undefined || level === 'decode') return whatIsThere(decoded);
  const found = differences(manifest, decoded);
  if (found.length > 0) {
    io.result?.(tableOf(found));
    throw new OpError('failed', sentenceFor(found));
  }
  return `${whatIsThere(decoded)} As counted when it was made. ${sums}`;
}

/** A file's bytes are exact. Those of the rows leave out the definitions: not more than is known to come. */
function progress(done: number, size: number | undefined, rows: number | undefined) {
  if (size !== undefined) return { done, of: size };
  return rows === undefined || rows === 0 ? { done } : { done: Math.min(done, rows), of: rows };
}

/** Throws when a file is missing, was cut or was changed. */
async function compareSums(
  { signal, ...io }: VerifyIo,
  { id, path }: Pick<Backup, 'id' | 'path'>,
  manifest: Manifest | undefined,
): Promise<string> {
  if (manifest === undefined)
    throw new OpError(
      'refused',
      `There are no checksums of ${id}: pgdeck did not make it.`,
      'Use --level decode, or --level restore.',
    );
  const of = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  let done = 0;
  // sizes first: what was cut is found without reading the rest
  for (const file of manifest.files) {
    const size = await sizeOf(join(path, file.path));
    if (size === undefined) throw new OpError('failed', `${file.path} is missing.`);
    if (size !== file.bytes)
      throw new OpError('failed', `${file.path} has ${size} bytes instead of ${file.bytes}.`);
  }
  for (const file of manifest.files) {
    const sum = await sumOf(join(path, file.path), signal, (bytes) => {
      done += bytes;
      io.progress?.({ label: 'checksum', done, of, unit: 'bytes' });
    });
    if (sum !== file.sha256)
      throw new OpError('failed', `${file.path} was changed: its checksum is not the one that was recorded.`);
  }
  return `${plural(manifest.files.length, 'file')}, ${inBytes(of)}: every byte as it was written.`;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw diskError(error, 'The backup cannot be read', path);
  }
}

async function sumOf(
  path: string,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<string> {
  try {
    return await sha256File(path, signal, onBytes);
  } catch (error) {
    if (signal?.aborted) throw new OpError('cancelled', 'The check was cancelled.', undefined, error);
    throw diskError(error, 'The backup cannot be read', path);
  }
}

function whatIsThere({ tables, largeObjects, bytes }: Decoded): string {
  const uncounted = tables.filter((table) => table.rows === null).length;
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const data =
    uncounted === 0
      ? `${exact(rows)} rows in ${plural(tables.length, 'table')}`
      : `${plural(tables.length, 'table')}, ${uncounted} of them as INSERT statements that are not counted`;
  const objects = largeObjects === null ? '' : `, ${plural(largeObjects, 'large object')}`;
  return `Whole to its end: ${data}${objects}, ${inBytes(bytes)} of SQL.`;
}

function sentenceFor(found: readonly Difference[]): string {
  const [first] = found;
  const more = found.length === 1 ? '' : `, and ${found.length - 1} more differ`;
  if (first === undefined) return '';
  return `${first.what} should hold ${first.expected} and holds ${first.found}${more}.`;
}

function tableOf(found: readonly Difference[]): ResultTable {
  return {
    title: 'Not as counted when it was made',
    columns: ['Table', 'Should hold', 'Holds'],
    rows: found.map(({ what, expected, found: there }) => [what, expected, there]),
  };
}
