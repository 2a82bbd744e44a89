import { plural, roughly } from '../../../text/units.ts';
import type { Dumped } from '../../archive/sql/tally.ts';
import type { Situation } from '../situation.ts';
import { minuteOf } from '../source/source.ts';

/** Rows and tables of a dump, in words. */
export function heldBy({ tables }: Dumped): string {
  const filled = tables.filter(({ rows, throughRoot }) => rows !== undefined && !throughRoot);
  const rows = filled.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const more = filled.some((table) => table.rows === null) ? ' and more that are not counted' : '';
  return `${roughly(rows, 'row')}${more} in ${plural(filled.length, 'table')}`;
}

/** What a database becomes, as far as it is true: only a whole backup of it makes it what it was. */
export function replaced({ backup, database, input, list, source, elsewhere }: Situation): string {
  const { scope, manifest } = backup;
  const all = !elsewhere && !input.no_owner && (list?.left.length ?? 0) === 0;
  if (manifest !== undefined && scope === 'full' && backup.database === database && all)
    return `${database} becomes what it was at ${minuteOf(backup)}, when it was backed up`;
  if (source?.foreign === undefined) return `${database} becomes what the backup holds`;
  return `${database} becomes what the file holds, ${heldBy(source.foreign.dumped)}`;
}
