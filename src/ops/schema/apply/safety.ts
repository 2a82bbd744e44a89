import { shellWord } from '../../../text/shell.ts';
import { type SafetyBackup, safetyBackup } from '../../backup/safety.ts';
import { withConnection } from '../../engine/connection.ts';
import type { OpContext } from '../../engine/operation.ts';
import { findClients } from '../../programs/programs.ts';
import { repositoryDirectory } from '../../repository/repository.ts';

/** The backup of the database before anything is added to it. Throws DbError. */
export async function fixSafety(context: OpContext): Promise<SafetyBackup> {
  const session = await context.session();
  const { clients, check } = await findClients(context, session.server, ['pg_dump', 'pg_restore']);
  if (clients === undefined)
    return { steps: [], checks: [check], bytes: 0, name: () => 'BACKUP', made: () => undefined };
  const backup = await safetyBackup(context, session, {
    clients,
    repository: repositoryDirectory(context),
    label: 'before schema fix',
    tell: ({ id }) =>
      `The way back is the backup ${id}: ${withConnection(`pgdeck restore ${shellWord(id)}`, context.connection)}`,
  });
  return { ...backup, checks: [...(check.status === 'ok' ? [] : [check]), ...backup.checks] };
}
