import type { Server } from '../../../db/server.ts';
import { BackupBytes } from '../../archive/bytes/bytes.ts';
import { type ArchiveHeader, readHeader } from '../../archive/header.ts';
import { type Toc, tocOf } from '../../archive/toc.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check } from '../../engine/plan.ts';
import { OpError } from '../../error.ts';
import type { ClientProgram } from '../../programs/package.ts';
import { type Clients, findClients } from '../../programs/programs.ts';
import { restricts } from '../../programs/restricted.ts';
import type { Backup } from '../../repository/repository.ts';
import { restoreErrors } from '../errors.ts';
import { type Foreign, readForeign } from './foreign.ts';

/** A backup that was looked at: what it is, what reads it. */
export interface RestoreSource {
  readonly backup: Backup;
  /** As they were before anything was read. */
  readonly bytes: BackupBytes;
  readonly header: ArchiveHeader;
  /** Of custom and directory archives. */
  readonly toc: Toc | undefined;
  /** The programs that load it. */
  readonly clients: Clients;
  /**
   * It was written by a client of 17 or newer and this server is older: such a client sets transaction_timeout, which
   * the server does not know.
   */
  readonly stripTimeout: boolean;
  /** psql has a restricted mode: it is loaded in it. */
  readonly restricts: boolean;
  /** What it holds, where pgdeck did not make it; undefined when the checks block. */
  readonly foreign: Foreign | undefined;
}

const PROGRAMS: readonly ClientProgram[] = ['pg_restore', 'psql', 'vacuumdb', 'pg_dump', 'pg_dumpall'];

/**
 * Looks at a backup with the programs that can read it; one that pgdeck did not make is read to its end. Without a source
 * the checks block. Throws {@link OpError} for a file that is no backup, damaged, or not to be loaded.
 */
export async function readSource(
  context: OpContext,
  server: Server,
  backup: Backup,
): Promise<{ source: RestoreSource | undefined; checks: Check[] }> {
  const bytes = await BackupBytes.of(backup);
  const reading = orDamage(bytes, () => readHeader(backup.archive));
  const header = await (backup.manifest === undefined ? reading.catch(refuse) : reading);
  if (backup.manifest === undefined) refuseOthers(backup, header);
  const { clients, check } = await findClients(context, server, PROGRAMS, oldestClient(header));
  const checks = [check];
  if (clients === undefined) return { source: undefined, checks };
  const archive = header.kind === 'custom' || header.kind === 'directory';
  const toc = archive
    ? await orDamage(bytes, () => tocOf(clients.reader, { kind: header.kind, path: backup.archive }))
    : undefined;
  const stripTimeout = server.major < 17 && (archive ? clients.major >= 17 : setsTimeout(header));
  checks.push(...versionChecks(header, backup, server));
  if (!archive) checks.push(...(await programCheck(context, header)));
  const restricted = await restricts(clients);
  const foreign =
    backup.manifest === undefined && !checks.some(({ status }) => status === 'block')
      ? await readForeign({ here: context.here }, clients.reader, backup)
      : undefined;
  if (!restricted && !archive) checks.push(restrictedCheck(clients, foreign));
  return {
    source: { backup, bytes, header, toc, clients, stripTimeout, restricts: restricted, foreign },
    checks,
  };
}

/** What cannot be read is known to be damaged where it is not what was written. */
async function orDamage<T>(bytes: BackupBytes, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OpError && error.kind === 'failed') await bytes.compare({});
    throw error;
  }
}

/** Nothing was begun: what is wrong with a file is found before. */
function refuse(error: unknown): never {
  throw error instanceof OpError && error.kind === 'failed' ? error.as('refused') : error;
}

/** Text that is no dump of one database. */
function refuseOthers({ archive }: Backup, { cluster, dump }: ArchiveHeader): void {
  if (cluster) throw restoreErrors.cluster({ path: archive });
  if (!dump) throw restoreErrors.noDump({ path: archive });
}

/** An older psql takes commands of its own from what it loads; what was read tells whether it could. */
function restrictedCheck({ version, major }: Clients, foreign: Foreign | undefined): Check {
  const title = 'psql';
  const update = `Update postgresql-client-${major}`;
  if (foreign?.doubt !== undefined)
    return {
      title,
      status: 'block',
      detail:
        `Line ${foreign.doubt} of the dump is read differently where standard_conforming_strings is off, and psql ` +
        `${version} has no restricted mode that would make it harmless. ${update}.`,
    };
  return {
    title,
    status: 'warn',
    detail: `psql ${version} has no restricted mode: what is loaded was read before, and is read again while it is loaded. ${update}.`,
  };
}

/** pg_restore reads the archives of older versions, and no newer ones: their format changed in 16 and in 17. */
function oldestClient({ kind, dumpVersion }: ArchiveHeader): number {
  const major = majorOf(dumpVersion);
  if (kind !== 'custom' && kind !== 'directory') return 0;
  return major >= 17 ? 17 : major >= 16 ? 16 : 0;
}

function setsTimeout({ dumpVersion }: ArchiveHeader): boolean {
  return majorOf(dumpVersion) >= 17;
}

export function majorOf(version: string | undefined): number {
  return Number.parseInt(version ?? '0', 10);
}

function versionChecks({ serverVersion }: ArchiveHeader, backup: Backup, server: Server): Check[] {
  const from = majorOf(serverVersion);
  const needed = backup.manifest?.restore_min_major ?? 0;
  if (from <= server.major && needed <= server.major) return [];
  return [
    {
      title: 'Version',
      status: 'warn',
      detail:
        `It is a backup of PostgreSQL ${serverVersion ?? from}, and this server is ${server.version}: ` +
        'a definition that it does not know ends the load, and nothing is replaced then.',
    },
  ];
}

async function programCheck(context: OpContext, header: ArchiveHeader): Promise<Check[]> {
  const checks: Check[] = [];
  const program = decompressorOf(header.kind);
  if (program !== undefined && !(await exists(context, program)))
    checks.push({
      title: program,
      status: 'block',
      detail: `${program} was not found, and the backup is packed with it. Install it, on Debian with: apt install ${program}.`,
    });
  return checks;
}

/** The program that unpacks it. */
export function decompressorOf(kind: ArchiveHeader['kind']): 'gzip' | 'zstd' | undefined {
  return kind === 'sql.gz' ? 'gzip' : kind === 'sql.zst' ? 'zstd' : undefined;
}

async function exists(context: OpContext, program: string): Promise<boolean> {
  try {
    return (await context.here.run(program, ['--version'], { timeout: 10_000 })).exitCode === 0;
  } catch {
    return false;
  }
}

/** When it was made, to the minute. */
export const minuteOf = ({ createdAt }: Pick<Backup, 'createdAt'>): string =>
  `${createdAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** A backup in a sentence. */
export function describeBackup(backup: Backup): string {
  const { id, database } = backup;
  return `${id} (${database === null ? '' : `of ${database}, `}${minuteOf(backup)})`;
}
