import { type DatabaseFacts, databaseFacts } from '../../db/queries/database/facts.ts';
import { type RestoreLive, restoreLive } from '../../db/queries/restore/facts.ts';
import type { Server } from '../../db/server.ts';
import type { Session } from '../../db/session.ts';
import { systemIdentifier } from '../database/identity.ts';
import { isMaintenance, planningSession } from '../database/maintenance.ts';
import { poolerChecks } from '../database/pooler.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { type Clients, findClients } from '../programs/programs.ts';
import { thereChecks } from '../programs/there.ts';
import { type Backup, repositoryDirectory } from '../repository/repository.ts';
import { jobsOf, type RestoreInput } from './input.ts';
import { selectEntries, type UseList } from './load/use-list.ts';
import { wayChecks } from './load/way.ts';
import { damageChecks, damageFound } from './source/damage.ts';
import { type Needs, needsOf } from './source/needs.ts';
import { listed } from './source/restore-list.ts';
import { type RestoreSource, readSource } from './source/source.ts';

/** Everything that planning a restore has looked at. */
export interface Situation {
  readonly input: RestoreInput;
  readonly context: OpContext;
  readonly backup: Backup;
  /** Directory of the repository. */
  readonly repository: string;
  /** In no database that is changed; reads only. */
  readonly session: Session;
  readonly server: Server;
  /** The database that gets the backup. */
  readonly database: string;
  /** That database as it is; undefined when there is none. */
  readonly live: DatabaseFacts | undefined;
  readonly state: RestoreLive | undefined;
  /** The backup is known to be of another server. */
  readonly elsewhere: boolean;
  /** Undefined when its checks block. */
  readonly source: RestoreSource | undefined;
  /** Programs of the server's own version, for a dump of it. */
  readonly dumpClients: Clients | undefined;
  readonly needs: Needs | undefined;
  readonly list: UseList | undefined;
  readonly jobs: number;
  readonly checks: readonly Check[];
}

/** Looks at the backup and at the database that gets it. Reads only. Throws DbError, OpError. */
export async function lookAround(
  input: RestoreInput,
  context: OpContext,
  backup: Backup,
): Promise<Situation> {
  const session = await planningSession(context);
  const { server } = session;
  const { source, checks } = await readSource(context, server, backup);
  const damage = source && (await damageFound(input, backup, source.bytes));
  const database = targetOf(input, context, backup);
  const [live] = await session.run(databaseFacts, { database });
  const [state] = live === undefined ? [] : await session.run(restoreLive, { oid: live.oid });
  const of = backup.manifest?.server.system_identifier ?? undefined;
  const here = of === undefined ? undefined : await systemIdentifier(session);
  const elsewhere = of !== undefined && here !== undefined && of !== here;
  const jobs = jobsOf(input, context);
  const dump =
    source === undefined || source.clients.major === server.major
      ? { clients: source?.clients, check: undefined }
      : await findClients(context, server, ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql']);
  return {
    input,
    context,
    backup,
    repository: repositoryDirectory(context, input.dir),
    session,
    server,
    database,
    live,
    state,
    elsewhere,
    source,
    dumpClients: dump.clients,
    needs: source && (await needsOf(source, session)),
    list: source?.toc && selectEntries(source.toc, server, await listed(backup)),
    jobs,
    checks: [
      ...damageChecks(input, backup, source?.bytes.unknown, damage),
      ...(await poolerChecks(context, session)),
      ...checks,
      ...(source === undefined ? [] : await programsChecks(context, session, source, jobs)),
      ...(dump.check?.status === 'block' ? [dump.check] : []),
    ],
  };
}

/** Whether the programs that load it are where the server is, and how the archive comes to them. */
async function programsChecks(
  context: OpContext,
  session: Session,
  { clients, header, backup }: RestoreSource,
  jobs: number,
): Promise<Check[]> {
  return [
    ...(await thereChecks(context, session, clients)),
    ...(await wayChecks(clients.host, { kind: header.kind, path: backup.archive }, jobs)),
  ];
}

/**
 * Which database is meant: the one that was named, else the one that is connected to. Whoever connects to a
 * maintenance database means none of them; then it is the backup's own.
 */
export function targetOf({ into, database }: RestoreInput, { target }: OpContext, backup: Backup): string {
  const named = into ?? database;
  if (named !== undefined) return named;
  return isMaintenance(target.database) ? (backup.database ?? target.database) : target.database;
}
