import type { Server } from '../../../db/server.ts';
import { BackupBytes } from '../../archive/bytes/bytes.ts';
import { type ArchiveHeader, readHeader } from '../../archive/header.ts';
import { readHead } from '../../archive/kind.ts';
import { readToc, type Toc } from '../../archive/toc.ts';
import { type ClientProgram, type Clients, findClients } from '../../clients/programs.ts';
import type { OpContext } from '../../context.ts';
import { OpError } from '../../error.ts';
import type { Check } from '../../operation.ts';
import type { Backup } from '../../repository/repository.ts';

/** A backup that was looked at: what it is, what reads it. */
export interface Source {
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
}

const PROGRAMS: readonly ClientProgram[] = ['pg_restore', 'psql', 'vacuumdb', 'pg_dump', 'pg_dumpall'];

/**
 * Looks at a backup with the programs that can read it. Without a source the checks block.
 * Throws {@link OpError} for a file that is no backup, or damaged in its beginning.
 */
export async function readSource(
  context: OpContext,
  server: Server,
  backup: Backup,
): Promise<{ source: Source | undefined; checks: Check[] }> {
  const bytes = await BackupBytes.of(backup);
  const header = await orDamage(bytes, () => readHeader(backup.archive));
  const { clients, check } = await findClients(context, server, PROGRAMS, oldestClient(header));
  const checks = [check];
  if (clients === undefined) return { source: undefined, checks };
  const archive = header.kind === 'custom' || header.kind === 'directory';
  const toc = archive
    ? await orDamage(bytes, () => readToc(context.host, clients.path('pg_restore'), backup.archive))
    : undefined;
  const stripTimeout = server.major < 17 && (archive ? clients.major >= 17 : setsTimeout(header));
  checks.push(...versionChecks(header, backup, server));
  if (!archive) checks.push(...(await sqlChecks(context, backup, header, clients)));
  return { source: { backup, bytes, header, toc, clients, stripTimeout }, checks };
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

/** Minor versions from which on psql knows \restrict, which dumps of the same age begin with. */
const RESTRICT: Readonly<Record<number, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

async function sqlChecks(
  context: OpContext,
  backup: Backup,
  header: ArchiveHeader,
  clients: Clients,
): Promise<Check[]> {
  const checks: Check[] = [];
  const head = (await readHead(backup.archive)).head.toString('latin1');
  const minor = Number(clients.version.split('.')[1] ?? 0);
  if (/^\\restrict /m.test(head) && minor < (RESTRICT[clients.major] ?? 0))
    checks.push({
      title: 'psql',
      status: 'block',
      detail:
        `This dump begins with \\restrict, which psql ${clients.version} does not know. ` +
        `Update postgresql-client-${clients.major} to ${clients.major}.${RESTRICT[clients.major]} or later.`,
    });
  if (!header.dump)
    checks.push({
      title: 'Content',
      status: 'warn',
      detail: 'It does not begin as a dump of pg_dump: every command in it is run as it stands.',
    });
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
    return (await context.host.run(program, ['--version'], { timeout: 10_000 })).exitCode === 0;
  } catch {
    return false;
  }
}

/** A backup in a sentence. */
export function describeBackup({ id, createdAt, database }: Backup): string {
  const when = createdAt.toISOString().slice(0, 16).replace('T', ' ');
  return `${id} (${database === null ? '' : `of ${database}, `}${when} UTC)`;
}
