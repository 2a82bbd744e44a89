import { shellWord } from '../../text/shell.ts';
import { withConnection } from '../engine/connection.ts';
import type { OpContext } from '../engine/operation.ts';
import { findClients } from '../programs/programs.ts';
import { repositoryDirectory } from '../repository/repository.ts';
import { type SafetyBackup, safetyBackup } from './safety.ts';

interface Before {
  readonly label: string;
  /** The command that brings it back from the backup of that id; the one that puts it in its place without it. */
  readonly back?: (id: string) => string;
  /** What can be done where there are no programs: a sentence; empty: nothing. */
  readonly orElse?: string;
}

/**
 * The backup of a database before something is done to all of it, or why there can be none. Nothing of this is connected to
 * it afterwards. Throws DbError.
 */
export async function backupBefore(
  context: OpContext,
  database: string,
  { label, back = restoreCommand, orElse = 'Or do it without a backup: --no-safety-backup' }: Before,
): Promise<SafetyBackup> {
  const session = await context.open('pgdeck-plan', database, 'slow');
  try {
    const { clients, check } = await findClients(context, session.server, ['pg_dump', 'pg_restore']);
    if (clients === undefined) {
      const detail = [check.detail, orElse].join(' ').trim();
      return {
        steps: [],
        checks: [{ ...check, detail }],
        bytes: 0,
        name: () => 'BACKUP',
        made: () => undefined,
      };
    }
    const backup = await safetyBackup(context, session, {
      clients,
      repository: repositoryDirectory(context),
      label,
      tell: ({ id }) => `The way back is the backup ${id}: ${withConnection(back(id), context.connection)}`,
    });
    return { ...backup, checks: [...(check.status === 'ok' ? [] : [check]), ...backup.checks] };
  } finally {
    await session.close();
  }
}

/** The command that brings a database back in its own place. */
export const restoreCommand = (id: string): string => `pgdeck restore ${shellWord(id)}`;

/** The command that brings a database back that is gone. */
export const intoCommand = (id: string, database: string): string =>
  `pgdeck restore ${shellWord(id)} --into ${shellWord(database)}`;
