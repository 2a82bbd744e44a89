import type { Session } from '../../../db/session.ts';
import { moment } from '../../../text/units.ts';
import type { OpContext } from '../../engine/operation.ts';
import { OpError, sentenceOf } from '../../error.ts';
import type { Backup } from '../../repository/repository.ts';
import { takeSchemaSnapshot } from '../snapshot.ts';
import { expectedErrors } from './errors.ts';
import type { Expected, Opening } from './expected.ts';
import { quietly } from './quiet.ts';

/** Entries of an archive that are rows, or would reach beyond the database. */
const LEFT =
  /^(TABLE DATA|SEQUENCE SET|BLOBS?|BLOB METADATA|LARGE OBJECT|STATISTICS DATA|MATERIALIZED VIEW DATA)$|SUBSCRIPTION|^SECURITY LABEL$|^DATABASE/;

/**
 * The structure in a backup: it is loaded, without a row, into a shadow database. Its bytes are compared with their
 * checksums before. Throws OpError where it is none, is damaged, or cannot be loaded whole.
 */
export async function ofBackup(
  context: OpContext,
  id: string,
  opening: Opening,
): Promise<Pick<Expected, 'snapshot' | 'described'>> {
  const what = 'A backup is loaded into a database that is made for it';
  if (context.readOnly) throw expectedErrors.readOnly({ what });
  const session = await context.session();
  if (session.server.standby) throw expectedErrors.standby({ what });
  const backup = await found(context, id);
  const { database, createdAt, kind, scope } = backup;
  if (backup.status === 'damaged') throw expectedErrors.damaged({ id: backup.id });
  if (scope === 'data_only') throw expectedErrors.dataOnly({ id: backup.id });
  if (kind !== 'custom' && kind !== 'directory') throw expectedErrors.plainBackup({ id: backup.id, kind });
  const other = database === context.target.database ? '' : ` of the database ${database ?? 'unknown'}`;
  const snapshot = await loaded(context, session, backup, opening);
  return { snapshot, described: `the backup ${backup.id}${other}, made ${moment(createdAt)}` };
}

async function found(context: OpContext, id: string): Promise<Backup> {
  const { findBackup, repositoryDirectory } = await import('../../repository/repository.ts');
  try {
    return await findBackup(repositoryDirectory(context), id, context.target.database, context.now());
  } catch (error) {
    if (error instanceof OpError && error.code === 'repository.noBackup' && id !== 'newest')
      throw expectedErrors.unknown({ against: id }, error);
    throw error;
  }
}

async function loaded(
  context: OpContext,
  { server }: Session,
  backup: Backup,
  opening: Opening,
): Promise<Expected['snapshot']> {
  const [{ BackupBytes }, { tocOf }, { findClients }, { loadArchive }, { selectEntries }, { withShadow }] =
    await Promise.all([
      import('../../archive/bytes/bytes.ts'),
      import('../../archive/toc.ts'),
      import('../../programs/programs.ts'),
      import('../../restore/load/load.ts'),
      import('../../restore/load/use-list.ts'),
      import('../../migrate/rehearse/shadow.ts'),
    ]);
  const { clients, check } = await findClients(context, server, ['pg_restore', 'psql']);
  if (clients === undefined) throw expectedErrors.cannotLoad({ id: backup.id, why: check.detail });
  const toc = await tocOf(clients.reader, { kind: backup.kind, path: backup.archive });
  const major = Number.parseInt(toc.serverVersion ?? '0', 10);
  if (major > server.major)
    throw expectedErrors.olderServer({ id: backup.id, major, server: server.version });
  const entries = selectEntries(toc, server).kept.filter(({ type }) => !LEFT.test(type));
  const bytes = await BackupBytes.of(backup);
  return quietly(context, opening, (io) =>
    withShadow(io, context, async ({ database }) => {
      try {
        await loadArchive(io, context, {
          ...{ bytes, clients, kind: backup.kind, path: backup.archive, database, jobs: 1 },
          ...{ noOwner: !server.rights.superuser, noTablespaces: true },
          stripTimeout: clients.major >= 17 && server.major < 17,
          ...{ entries, filtered: true },
        });
      } catch (error) {
        io.signal.throwIfAborted();
        throw expectedErrors.cannotLoad({ id: backup.id, why: sentenceOf(error) }, error);
      }
      io.crashPoint('expected:loaded');
      // what is loaded without owners and grants says nothing of them
      const grants = opening.grants === true && server.rights.superuser;
      return takeSchemaSnapshot(await io.connect(database), { grants });
    }),
  );
}
