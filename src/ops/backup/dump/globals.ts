import { join } from 'node:path';
import type { PipeCommand } from '../../../hosts/host.ts';
import { reserve } from '../../archive/files.ts';
import { diskError } from '../../files/durable.ts';
import { databaseArgument } from '../../programs/environment.ts';
import type { BackupRequest } from '../request.ts';

export const GLOBALS = 'globals.sql';

/** Writes roles and tablespaces, which are no database's. Passwords are in it as verifiers where the role may
 * read them. Without a directory it goes to the standard output. */
export function globalsCommand(
  { database, clients }: Pick<BackupRequest, 'database' | 'clients'>,
  directory: string | undefined,
  passwords: boolean,
): PipeCommand {
  return {
    command: clients.path('pg_dumpall'),
    args: [
      '-w',
      '--globals-only',
      ...(passwords ? [] : ['--no-role-passwords']),
      ...(directory === undefined ? [] : ['-f', join(directory, GLOBALS)]),
      '-l',
      databaseArgument(database),
    ],
  };
}

/** The file is there before pg_dumpall opens it, so that verifiers of passwords are never readable by others. */
export async function reserveGlobals(directory: string): Promise<void> {
  try {
    await reserve(join(directory, GLOBALS));
  } catch (error) {
    throw diskError(error, 'writeBackup', directory);
  }
}
