import { backupDatabase, backupLargeObjects, backupPasswords } from '../../../db/queries/backup/facts.ts';
import type { Server } from '../../../db/server.ts';
import type { Session } from '../../../db/session.ts';
import type { Check } from '../../engine/plan.ts';
import type { Backup } from '../../repository/repository.ts';
import { isSafety } from '../../repository/safety.ts';
import { activityChecks, shapeChecks } from '../preflight/activity.ts';
import { rightsChecks } from '../preflight/rights.ts';
import { type Estimate, estimateSize } from '../preflight/space.ts';
import type { BackupRelation } from '../queries/relations.ts';
import type { BackupRequest } from '../request.ts';
import { type Selection, selectRelations } from '../scope/selection.ts';
import { measuredRelations } from '../scope/sizes.ts';

/** What was seen of a database before it is backed up. */
export interface Survey {
  readonly request: BackupRequest;
  readonly server: Server;
  /** Size of the database on disk. */
  readonly bytes: number;
  /** Of the tables whose rows are in the backup, with the large objects. */
  readonly raw: number;
  readonly selection: Selection;
  readonly passwords: boolean;
  readonly estimate: Estimate;
  readonly checks: readonly Check[];
  /** The newest backup of this database that was made for its own sake. */
  readonly last: Backup | undefined;
}

/** What there is in a database, whatever of it is backed up. */
export interface Sight {
  readonly session: Session;
  readonly database: string;
  readonly relations: readonly BackupRelation[];
  readonly bytes: number;
  readonly large: { readonly objects: number; readonly bytes: number; readonly unreadable: number };
  readonly passwords: boolean;
  readonly activity: readonly Check[];
}

/** Looks at one database. Throws DbError. */
export async function lookAt(session: Session): Promise<Sight> {
  const [relations, [facts], [large], [right], activity] = await Promise.all([
    measuredRelations(session),
    session.run(backupDatabase, undefined),
    session.run(backupLargeObjects, undefined),
    session.run(backupPasswords, undefined),
    activityChecks(session),
  ]);
  return {
    session,
    database: session.server.database,
    relations,
    bytes: facts?.bytes ?? 0,
    large: large ?? { objects: 0, bytes: 0, unreadable: 0 },
    passwords: right?.readable === true,
    activity,
  };
}

/** Compares what is wanted with what is there. Throws DbError, {@link ../../error.ts OpError} for names that are not. */
export async function survey(
  sight: Sight,
  request: BackupRequest,
  backups: readonly Backup[],
): Promise<Survey> {
  const { session, relations, large } = sight;
  const { server } = session;
  const selection = await selectRelations(session, relations, request);
  const raw =
    selection.filled.reduce((sum, one) => sum + (one.kind === 'r' ? one.bytes : 0), 0) +
    (selection.largeObjects ? large.bytes : 0);
  const own = backups.filter((one) => one.database === request.database && one.status !== 'foreign');
  return {
    request,
    server,
    bytes: sight.bytes,
    raw,
    selection,
    passwords: sight.passwords,
    estimate: estimateSize(raw, request, own),
    checks: [
      ...rightsChecks(server, relations, selection, large),
      ...sight.activity,
      ...shapeChecks(session, request, selection),
    ],
    last: own.find((one) => !isSafety(one)),
  };
}
