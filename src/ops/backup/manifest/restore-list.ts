import { dirname, join } from 'node:path';
import { writeBeside } from '../../archive/files.ts';
import { tocOf } from '../../archive/toc.ts';
import { diskError } from '../../files/durable.ts';
import { kindOf } from '../../repository/foreign.ts';
import type { BackupForeignKey } from '../queries/relations.ts';
import type { BackupRequest } from '../request.ts';

/** Beside an archive that cannot be restored as a whole: what of it can, for pg_restore --use-list. */
export const RESTORE_LIST = 'restore.list';

/** OID of pg_constraint, in which pg_dump says that a constraint is. */
const PG_CONSTRAINT = 2606;

/**
 * A backup of chosen tables has all definitions, and among them foreign keys to tables whose rows it does not have.
 * They would fail when it is restored into an empty database: the list leaves them out. Nothing is written where there
 * are none.
 */
export async function writeRestoreList(
  { clients, format }: Pick<BackupRequest, 'clients' | 'format'>,
  archive: string,
  dangling: readonly BackupForeignKey[],
): Promise<void> {
  if (dangling.length === 0 || format === 'plain') return;
  const oids = new Set(dangling.map(({ oid }) => oid));
  const { entries } = await tocOf(clients.reader, { kind: kindOf(format, archive), path: archive });
  const lines = entries.map(({ tableOid, oid, line }) =>
    tableOid === PG_CONSTRAINT && oids.has(oid) ? `;${line}` : line,
  );
  try {
    await writeBeside(join(dirname(archive), RESTORE_LIST), `${lines.join('\n')}\n`);
  } catch (error) {
    throw diskError(error, 'writeBackup', dirname(archive));
  }
}
