import { DbError } from '../../../db/errors.ts';
import type { Session } from '../../../db/session.ts';
import { type BackupRelation, backupRelations } from '../queries/relations.ts';

/**
 * The relations with their sizes on disk. Asking for those waits for a table that is locked exclusively; then the sizes
 * are those of the last VACUUM or ANALYZE. Throws DbError.
 */
export async function measuredRelations(session: Session): Promise<BackupRelation[]> {
  try {
    return await session.run(backupRelations, { exact: true });
  } catch (error) {
    if (!(error instanceof DbError) || error.kind !== 'busy') throw error;
    return session.run(backupRelations, { exact: false });
  }
}
