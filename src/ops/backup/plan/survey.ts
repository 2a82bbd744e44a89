import type { Server } from '../../../db/server.ts';
import { backupDatabase, backupLargeObjects, backupPasswords } from '../../../db/views/backup/facts.ts';
import type { OpContext } from '../../context.ts';
import type { Check } from '../../operation.ts';
import type { Backup } from '../../repository/repository.ts';
import { activityChecks, shapeChecks } from '../preflight/activity.ts';
import { rightsChecks } from '../preflight/rights.ts';
import { type Estimate, estimateSize } from '../preflight/space.ts';
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
  /** The newest backup of this database. */
  readonly last: Backup | undefined;
}

/** Looks at one database. Throws DbError, {@link ../error.ts OpError} for names that are not there. */
export async function survey(
  context: OpContext,
  request: BackupRequest,
  backups: readonly Backup[],
): Promise<Survey> {
  const session = await context.session(request.database);
  const { server } = session;
  const relations = await measuredRelations(session);
  const selection = await selectRelations(session, relations, request);
  const [[facts], [large], [right]] = await Promise.all([
    session.run(backupDatabase, undefined),
    session.run(backupLargeObjects, undefined),
    session.run(backupPasswords, undefined),
  ]);
  const raw =
    selection.filled.reduce((sum, one) => sum + (one.kind === 'r' ? one.bytes : 0), 0) +
    (selection.largeObjects ? (large?.bytes ?? 0) : 0);
  const own = backups.filter((one) => one.database === request.database && one.status !== 'foreign');
  return {
    request,
    server,
    bytes: facts?.bytes ?? 0,
    raw,
    selection,
    passwords: right?.readable === true,
    estimate: estimateSize(raw, request, own),
    checks: [
      ...rightsChecks(server, relations, selection, large ?? { objects: 0, unreadable: 0 }),
      ...(await activityChecks(session)),
      ...shapeChecks(session, request, selection),
    ],
    last: own[0],
  };
}
