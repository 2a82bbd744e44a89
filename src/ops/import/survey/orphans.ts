import { exact } from '../../../text/units.ts';
import type { Check } from '../../engine/plan.ts';
import type { Making } from '../load/transaction.ts';
import type { OrphanRows, Orphans } from '../source/orphans.ts';

/** What becomes of rows that refer to nothing. `left`: those that are left out, with what refers to them. */
export function orphanChecks(
  orphans: readonly Orphans[],
  left: OrphanRows,
  { tables, existing, schema }: Making,
): Check[] {
  const warn = (title: string, detail: string): Check => ({ title, status: 'warn', detail });
  const away = [...left].map(([table, rows]) =>
    warn(
      table,
      `${exact(rows.size)} of its rows ${rows.size === 1 ? 'refers' : 'refer'} to nothing, or to a row that is left out: they are left out, and are written to a file.`,
    ),
  );
  const become = existing
    ? `where ${schema} has that key, it refuses all of it. Leave them out (--reject), mend or delete them in the file's application first, or leave the table out (--skip).`
    : 'they come, and the key is made NOT VALID. Leave them out with --reject.';
  const come = orphans
    .filter(({ table }) => !left.has(table) && tables.some(({ source }) => source.name === table))
    .map((one) => warn(one.table, `${orphansText(one)}: ${become}`));
  return [...away, ...come];
}

const orphansText = ({ rows, parent, keys }: Orphans): string =>
  `${exact(Number(rows))} of its rows ${Number(rows) === 1 ? 'refers' : 'refer'} to nothing in ${parent}${keys === null ? '' : ` (rowid ${keys}${Number(rows) > keys.split(', ').length ? ', …' : ''})`}`;
