import type { Decoded } from '../../archive/decode.ts';
import { OpError } from '../../error.ts';
import type { Snapshot } from '../dump/snapshot.ts';

export type Compared = Pick<Decoded, 'tables' | 'largeObjects'>;

/** How many differences are named in the sentence. */
const NAMED = 5;

/**
 * Whether the archive holds, table by table, what was counted in the snapshot; the rows altogether. Throws
 * {@link OpError} with the tables that differ.
 */
export function compareCounts(
  { selection, largeObjects }: Pick<Snapshot, 'selection' | 'largeObjects'>,
  counts: ReadonlyMap<number, number>,
  archive: Compared,
): { readonly tables: number; readonly rows: number } {
  const found = new Map(archive.tables.map((one) => [keyOf(one), one.rows]));
  // a materialized view has no rows of its own in a dump
  const tables = selection.filled.filter(({ kind }) => kind === 'r');
  const differences = tables.flatMap((table) => {
    const counted = counts.get(table.oid);
    const there = found.get(keyOf(table));
    return there === counted
      ? []
      : [`${table.schema}.${table.name} (${there ?? 'none'} instead of ${counted ?? 'none'})`];
  });
  if (archive.largeObjects !== null && archive.largeObjects !== largeObjects)
    differences.push(`large objects (${archive.largeObjects} instead of ${largeObjects})`);
  if (differences.length > 0)
    throw new OpError(
      'failed',
      `The backup does not hold what was counted in its snapshot: ${differences.slice(0, NAMED).join(', ')}` +
        `${differences.length > NAMED ? ` and ${differences.length - NAMED} more` : ''}.`,
      'Run it again; if it happens again, check the disk and the server for damage.',
    );
  return { tables: tables.length, rows: tables.reduce((sum, { oid }) => sum + (counts.get(oid) ?? 0), 0) };
}

/** Names may hold any character but this one. */
export function keyOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}\0${name}`;
}
