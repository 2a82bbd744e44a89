import { shellWord } from '../../text/shell.ts';
import { withConnection } from '../engine/connection.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Where } from './types.ts';

/** Where the migrations are, and whose, as far as that was said. */
type Said = Pick<Where, 'directory' | 'tool'>;

/** A command about the migrations of a directory, as it works from any shell: `up`, `repair 20260102`. */
export function migrateCommand(
  { connection }: Pick<OpContext, 'connection'>,
  subcommand: string,
  { directory, tool }: Said,
): string {
  const whose = tool === undefined ? '' : ` --tool ${shellWord(tool)}`;
  return withConnection(`pgdeck migrate ${subcommand}${whose} --dir ${shellWord(directory)}`, connection);
}

/** The command that mends an entry. Null: the most pressing one. */
export function repairCommand(
  context: Pick<OpContext, 'connection'>,
  entry: string | null,
  said: Said,
): string {
  return migrateCommand(context, entry === null ? 'repair' : `repair ${shellWord(entry)}`, said);
}
