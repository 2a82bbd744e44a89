import { type Decoded, type DecodeIo, decodeArchive, type OnProgress } from '../../archive/decode.ts';
import { fingerprintOf, looksOf } from '../../archive/files.ts';
import type { RowsHead } from '../../archive/sql/guard.ts';
import { HeldGuard } from '../../archive/sql/held-guard.ts';
import type { Dumped } from '../../archive/sql/tally.ts';
import { OpError } from '../../error.ts';
import { diskError } from '../../files/durable.ts';
import type { Reader } from '../../programs/programs.ts';
import type { Backup } from '../../repository/repository.ts';
import { restoreErrors } from '../errors.ts';

/** A dump that pgdeck did not make, read to its end. */
export interface Foreign {
  readonly dumped: Dumped;
  readonly decoded: Decoded;
  /** Of its bytes: what is loaded later must be the same. */
  readonly fingerprint: string;
  /** A line whose reading hangs on a setting that the text cannot prove. */
  readonly doubt: number | undefined;
  /** Where the rows of its tables begin. */
  readonly heads: readonly RowsHead[];
  readonly seconds: number;
}

/** The last one that was read: a form is planned more than once. */
let last: { readonly key: string; readonly foreign: Promise<Foreign> } | undefined;

/**
 * Reads a dump that others made, as psql would: what it defines, its rows, and whether it would reach beyond the database
 * that it is loaded into. Nothing of it is believed before. Throws {@link OpError}: refused for what may not be loaded.
 */
export async function readForeign(
  io: DecodeIo,
  reader: Reader | undefined,
  backup: Pick<Backup, 'kind' | 'archive'>,
  onProgress?: OnProgress,
): Promise<Foreign> {
  const key = await keyOf(backup.archive);
  if (last?.key !== key) last = { key, foreign: read(io, reader, backup, key, onProgress) };
  try {
    return await last.foreign;
  } catch (error) {
    last = undefined;
    throw error;
  }
}

async function read(
  io: DecodeIo,
  reader: Reader | undefined,
  { kind, archive: path }: Pick<Backup, 'kind' | 'archive'>,
  key: string,
  onProgress?: OnProgress,
): Promise<Foreign> {
  const started = performance.now();
  const fingerprint = await fingerprintAt(path, io.signal);
  const held = new HeldGuard();
  const taps = { ...io, onText: (piece: Buffer) => held.write(piece) };
  let decoded: Decoded | undefined;
  let damage: unknown;
  try {
    decoded = await decodeArchive(taps, reader, { kind, path }, onProgress);
  } catch (error) {
    damage = error;
  }
  const dumped = held.end();
  // what it would do comes before what it lacks
  if (held.refusal !== undefined) {
    const { line, message: why } = held.refusal;
    throw restoreErrors.beyondDatabase({ path, line, made: kind === 'custom' || kind === 'directory', why });
  }
  if (damage instanceof OpError && damage.kind === 'failed') throw damage.as('refused');
  if (decoded === undefined || dumped === undefined) throw damage;
  if (key !== (await keyOf(path))) throw restoreErrors.changedMeanwhile({ path });
  const seconds = (performance.now() - started) / 1000;
  return { dumped, decoded, fingerprint, doubt: held.guard.doubt, heads: held.guard.heads, seconds };
}

/** Throws {@link OpError} unless the file is still the one that was read. */
export async function refuseChanged(
  path: string,
  { fingerprint }: Foreign,
  signal?: AbortSignal,
): Promise<void> {
  if ((await fingerprintAt(path, signal)) === fingerprint) return;
  throw restoreErrors.changedSince({ path });
}

async function fingerprintAt(path: string, signal?: AbortSignal): Promise<string> {
  try {
    return await fingerprintOf(path, signal);
  } catch (error) {
    if (signal?.aborted) throw restoreErrors.readingCancelled(error);
    throw diskError(error, 'readBackup', path);
  }
}

/** The path, and what tells at a glance that there is another file by now. */
async function keyOf(path: string): Promise<string> {
  try {
    return `${path}\0${await looksOf(path)}`;
  } catch (error) {
    throw diskError(error, 'readBackup', path);
  }
}
