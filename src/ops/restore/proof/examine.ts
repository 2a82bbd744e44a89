import { BackupBytes } from '../../archive/bytes/bytes.ts';
import { readHeader } from '../../archive/header.ts';
import { type Toc, tocOf } from '../../archive/toc.ts';
import { type Wants, wantsOf } from '../../archive/wants.ts';
import type { StepIo } from '../../engine/plan.ts';
import type { Reader } from '../../programs/programs.ts';
import type { Backup } from '../../repository/repository.ts';
import { restoreErrors } from '../errors.ts';
import { type Expected, expectedIn, expectedOf } from '../load/expected.ts';
import { selectEntries, type UseList } from '../load/use-list.ts';
import { readForeign } from '../source/foreign.ts';
import { listed } from '../source/restore-list.ts';
import { majorOf } from '../source/source.ts';

/** A backup, as far as it can be known before it is restored. */
export interface Examined {
  readonly backup: Backup;
  /** As they were before anything was read, and as its checksums say where there are any. */
  readonly bytes: BackupBytes;
  readonly wants: Wants;
  /** Of the server that was dumped; 0 where it does not say. */
  readonly major: number;
  readonly toc: Toc | undefined;
  readonly list: UseList | undefined;
  readonly expected: Expected;
}

/**
 * Compares the backup with its checksums and reads what must be there after a restore: from the manifest, or from the
 * archive itself, which is read to its end. Throws {@link OpError}.
 */
export async function examine(io: StepIo, reader: Reader | undefined, backup: Backup): Promise<Examined> {
  const { kind, archive: path, manifest } = backup;
  const bytes = await BackupBytes.of(backup);
  await bytes.compare(io);
  const header = await readHeader(path);
  const binary = kind === 'custom' || kind === 'directory';
  if (binary && reader === undefined) throw restoreErrors.noPgRestore();
  const toc = binary && reader !== undefined ? await tocOf(reader, { kind, path }) : undefined;
  return {
    backup,
    bytes,
    wants: await wantsOf(io.here, reader, backup),
    major: majorOf(manifest?.server.version ?? header.serverVersion),
    toc,
    list: toc && selectEntries(toc, { rights: EVERYTHING }, await listed(backup)),
    expected:
      manifest === undefined ? expectedIn(await readForeign(io, reader, backup)) : expectedOf(manifest),
  };
}

/** In a server of its own everything can be created. */
const EVERYTHING = {
  superuser: true,
  pg_monitor: true,
  pg_read_all_stats: true,
  pg_read_all_settings: true,
  pg_signal_backend: true,
  pg_signal_autovacuum_worker: true,
  pg_stat_scan_tables: true,
};
