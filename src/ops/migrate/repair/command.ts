import { withConnection } from '../../connection.ts';
import type { OpContext } from '../../context.ts';
import { shellWord } from '../../fields.ts';

/** The command that mends an entry, as it works from any shell. Null: the most pressing one. */
export function repairCommand(
  { connection }: Pick<OpContext, 'connection'>,
  entry: string | null,
  directory: string,
): string {
  const name = entry === null ? '' : ` ${shellWord(entry)}`;
  return withConnection(`pgdeck migrate repair${name} --dir ${shellWord(directory)}`, connection);
}
