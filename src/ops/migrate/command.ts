import { shellWord } from '../../text/shell.ts';
import { withConnection } from '../engine/connection.ts';
import type { OpContext } from '../engine/operation.ts';

/** A command about the migrations of a directory, as it works from any shell: `up`, `repair 20260102`. */
export function migrateCommand(
  { connection }: Pick<OpContext, 'connection'>,
  subcommand: string,
  directory: string,
): string {
  return withConnection(`pgdeck migrate ${subcommand} --dir ${shellWord(directory)}`, connection);
}

/** The command that mends an entry. Null: the most pressing one. */
export function repairCommand(
  context: Pick<OpContext, 'connection'>,
  entry: string | null,
  directory: string,
): string {
  return migrateCommand(context, entry === null ? 'repair' : `repair ${shellWord(entry)}`, directory);
}
