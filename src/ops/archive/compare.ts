import { exact, plural } from '../../text/units.ts';
import type { Manifest } from '../repository/manifest.ts';
import type { Decoded } from './decode.ts';
import type { Difference } from './errors.ts';
import { byRoot, keyOf } from './roots.ts';

const NOTHING = 'nothing';

/**
 * What an archive holds against what was counted in the snapshot that it was dumped from. Materialized views have no
 * rows in an archive: they are made anew from their query. Rows that are INSERT statements were not counted.
 */
export function differences(
  { tables, large_objects }: Pick<Manifest, 'tables' | 'large_objects'>,
  decoded: Pick<Decoded, 'tables' | 'largeObjects'>,
): Difference[] {
  const uncounted = new Set(decoded.tables.filter(({ rows: n }) => n === null).map(keyOf));
  const there = new Map(
    byRoot(decoded.tables.map((table) => ({ ...table, copy_bytes: table.copyBytes }))).map((table) => [
      keyOf(table),
      table,
    ]),
  );
  const found: Difference[] = [];
  for (const table of byRoot(tables.filter(({ kind }) => kind !== 'matview'))) {
    const one = there.get(keyOf(table));
    there.delete(keyOf(table));
    const same =
      one === undefined ? table.rows === null : uncounted.has(keyOf(table)) || one.rows === table.rows;
    if (same) continue;
    found.push({ what: nameOf(table), expected: rows(table.rows), found: rows(one?.rows ?? null) });
  }
  for (const table of there.values())
    found.push({ what: nameOf(table), expected: NOTHING, found: rows(table.rows) });
  const { largeObjects } = decoded;
  if (largeObjects !== null && largeObjects !== large_objects)
    found.push({ what: 'Large objects', expected: exact(large_objects), found: exact(largeObjects) });
  return found;
}

function nameOf({ schema, name }: { schema: string; name: string }): string {
  return `${schema}.${name}`;
}

function rows(n: number | null): string {
  return n === null ? NOTHING : plural(n, 'row');
}
