import { basename, dirname } from 'node:path';
import type { BackupBytes } from '../../archive/bytes/bytes.ts';
import { Changed, Damage } from '../../archive/bytes/errors.ts';
import type { Check, StepIo } from '../../engine/plan.ts';
import { noteDamage } from '../../repository/note.ts';
import type { Backup } from '../../repository/repository.ts';
import type { RestoreInput } from '../input.ts';
import { damageChecks, isAccepted } from '../source/damage.ts';
import { tablesErrors } from './errors.ts';
import type { ContentsTable } from './reading/contents.ts';

type Accepting = Pick<RestoreInput, 'accept_damaged'>;

/** Bytes up to which a backup is compared with its checksums while planning; a larger one is when it runs. */
const PLANNED_BYTES = 4 * 1024 ** 3;

/** Whether the backup is what was written: what is told of its rows, and made of its definitions, is read from it. */
export async function bytesChecks(input: Accepting, backup: Backup, bytes: BackupBytes): Promise<Check[]> {
  const found: string[] = [];
  const all = backup.bytes <= PLANNED_BYTES || isAccepted(input, backup);
  try {
    await bytes.compare({}, all ? undefined : (path) => basename(path) === 'toc.dat');
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    if (!backup.damage?.some((one) => one.includes(error.message))) found.push(error.message);
  }
  return damageChecks(input, backup, bytes.unknown, found);
}

/** Compares what the rows of these tables are read from, if that was not done yet. Throws {@link OpError}. */
export async function compareBytes(
  io: StepIo,
  input: Accepting,
  backup: Backup,
  bytes: BackupBytes,
  tables: readonly ContentsTable[],
): Promise<void> {
  try {
    if (isAccepted(input, backup)) await bytes.unchanged();
    else await bytes.compare(io, readFor(backup, tables));
  } catch (error) {
    if (error instanceof Changed) throw tablesErrors.nothingChanged({ why: error.message, next: error.next });
    if (!(error instanceof Damage)) throw error;
    await noteDamage(io, backup, error);
    throw tablesErrors.damaged({ id: backup.id, why: error.message });
  }
}

/** The backup without its counts where they need not hold: of a damaged one, what is there is what can be had. */
export function countedOf(input: Accepting, backup: Backup): Backup {
  const { manifest } = backup;
  if (manifest === undefined || !isAccepted(input, backup)) return backup;
  return {
    ...backup,
    manifest: { ...manifest, tables: manifest.tables.map((one) => ({ ...one, rows: null })) },
  };
}

/** Which files are read: of a directory archive those of the tables, so that a large one need not be read as a whole. */
function readFor({ kind, manifest }: Backup, tables: readonly ContentsTable[]): (path: string) => boolean {
  if (kind !== 'directory') return () => true;
  const numbers = new Set(
    tables.map(({ data }) => (data !== undefined && 'line' in data ? data.line.split(';')[0] : undefined)),
  );
  return (path) =>
    dirname(path) === manifest?.archive &&
    (basename(path) === 'toc.dat' || numbers.has(basename(path).split('.')[0]));
}
