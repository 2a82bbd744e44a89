import type { Target } from '../../db/target.ts';
import type { BackupFact, RepositoryFact, Told } from '../../health/outside.ts';
import type { HostFiles } from '../../hosts/host.ts';
import { sentenceOf } from '../../ops/error.ts';
import { type Backup, lastProven, lastVerified, listBackups } from '../../ops/repository/repository.ts';
import { isFromFuture, isSafety } from '../../ops/repository/safety.ts';

/** The database whose backups count. */
export interface Whose {
  readonly database: string;
  /** What tells the server from every other one; undefined where it does not say. */
  readonly identifier: string | undefined;
  readonly target: Pick<Target, 'host' | 'port'>;
}

/**
 * Whole backups of a database, the newest first: of this server, since others may keep one of the same name in the same
 * repository; neither damaged, nor dated in the future, nor made by pgdeck before it changed something.
 */
export async function backupFacts(
  directory: string,
  whose: Whose,
  now: Date,
): Promise<Told<readonly BackupFact[]>> {
  try {
    const backups = await listBackups(directory);
    return { known: backups.filter((one) => counts(one, whose, now)).map((one) => factOf(one, now)) };
  } catch (error) {
    return { unknown: sentenceOf(error) };
  }
}

/** What all backups of a repository take; `devices`: the disks that the server writes to. */
export async function repositoryFact(
  directory: string,
  files: Pick<HostFiles, 'facts'>,
  devices: ReadonlySet<number>,
): Promise<Told<RepositoryFact>> {
  try {
    const backups = await listBackups(directory);
    const there = await files.facts(directory).catch(() => undefined);
    return {
      known: {
        directory,
        backups: backups.length,
        bytes: backups.reduce((sum, one) => sum + one.bytes, 0),
        here: there !== undefined && devices.has(there.device),
      },
    };
  } catch (error) {
    return { unknown: sentenceOf(error) };
  }
}

function counts(backup: Backup, { database, identifier, target }: Whose, now: Date): boolean {
  const { manifest, status, scope, createdAt } = backup;
  if (manifest === undefined || (status !== 'ok' && status !== 'unverified')) return false;
  if (scope !== 'full' || backup.database !== database) return false;
  if (isSafety(backup) || isFromFuture(createdAt, now)) return false;
  const { system_identifier: of, address } = manifest.server;
  return of === null || identifier === undefined
    ? address === `${target.host}:${target.port}`
    : of === identifier;
}

function factOf(backup: Backup, now: Date): BackupFact {
  const time = (found: { readonly at: string } | undefined): number | null => {
    const at = found === undefined ? Number.NaN : Date.parse(found.at);
    // a clock was wrong: it says nothing of when it was
    return Number.isNaN(at) || isFromFuture(at, now) ? null : at;
  };
  return {
    id: backup.id,
    madeAt: backup.createdAt.getTime(),
    verifiedAt: time(lastVerified(backup)),
    provenAt: time(lastProven(backup)),
  };
}
