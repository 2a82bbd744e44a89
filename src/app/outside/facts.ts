import { type Env, home } from '../../config/libpq/env.ts';
import type { Resolved } from '../../config/profile.ts';
import { place } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import type { Outside } from '../../health/outside.ts';
import type { Host } from '../../hosts/host.ts';
import { type OpenHost, reachHost } from '../../hosts/reach.ts';
import type { LogHour } from '../../log/hour.ts';
import { systemIdentifier } from '../../ops/database/identity.ts';
import { journalDirectory } from '../../ops/engine/journal/runs.ts';
import { repositoryDirectory } from '../../ops/repository/repository.ts';
import { backupFacts, repositoryFact } from './backups.ts';
import type { DriftLook } from './drift.ts';
import { jobFacts } from './jobs.ts';
import { machineFacts } from './machine.ts';
import { remoteFact } from './remote.ts';

export interface OutsideOptions {
  /** To the database that is judged; what is asked of it is short. */
  readonly session: Session;
  readonly resolved: Pick<Resolved, 'target' | 'backup' | 'schema' | 'runsOn'>;
  readonly env: Env;
  /** This machine: where the crontab is, and the server's files unless the profile says that they are elsewhere. */
  readonly host: Host;
  readonly openHost?: OpenHost;
  /** Who reads the server's log: kept between two calls by whoever looks again. */
  readonly log: Pick<LogHour, 'read'>;
  /** Who compares the schema: kept likewise. */
  readonly drift: Pick<DriftLook, 'look'>;
  readonly now?: () => Date;
}

/**
 * What health judges by and the server does not tell: backups of the connected database and their copies elsewhere, jobs of the schedule, and the
 * file systems and the memory of the server's machine; each unknown with the reason where it cannot be known. Reads the
 * repository, the journal and the crontab: every few minutes is enough. Never rejects.
 */
export async function outsideFacts({
  session,
  resolved: { target, backup, schema, runsOn },
  env,
  host,
  openHost,
  log,
  drift: compared,
  now = () => new Date(),
}: OutsideOptions): Promise<Outside> {
  const at = now();
  const identifier = await systemIdentifier(session);
  const away = runsOn.server.kind !== 'local';
  const directory = repositoryDirectory({ env, home: home(env), backup });
  const factsThere = async () => {
    const there = await reachHost(runsOn.server, openHost);
    return machineFacts(there, session, target).finally(() => there.close?.());
  };
  const whose = { database: session.server.database, identifier, target };
  const [backups, remote, jobs, machine, hour, drift] = await Promise.all([
    backupFacts(directory, whose, at),
    remoteFact(directory, backup.remote, whose),
    jobFacts(host, journalDirectory(env, home(env)), { place: place(target), identifier }, at),
    away ? factsThere() : machineFacts(host, session, target),
    log.read(session).catch((error: Error) => ({ unknown: error.message })),
    compared.look({ target, schema }),
  ]);
  // numbers of devices are each machine's own
  const devices =
    !away && 'known' in machine.volumes ? machine.volumes.known.flatMap(({ device }) => device ?? []) : [];
  const repository = await repositoryFact(directory, host.files, new Set(devices));
  return { now: at.getTime(), backups, remote, repository, jobs, log: hour, drift, ...machine };
}
