import type { Decoded } from '../../archive/decode.ts';
import { byRoot, keyOf, type QualifiedName } from '../../archive/roots.ts';
import type { Snapshot } from '../dump/snapshot.ts';
import { backupErrors } from '../errors.ts';
import type { BackupRelation } from '../queries/relations.ts';

export type Compared = Pick<Decoded, 'tables' | 'largeObjects'>;

/**
 * Whether the archive holds, table by table, what was counted in the snapshot; the rows altogether. Throws
 * {@link OpError} with the tables that differ.
 */
export function compareCounts(
  { selection, largeObjects }: Pick<Snapshot, 'selection' | 'largeObjects'>,
  counts: ReadonlyMap<number, number>,
  archive: Compared,
): { readonly tables: number; readonly rows: number } {
  const found = new Map(
    byRoot(archive.tables.map((one) => ({ ...one, copy_bytes: one.copyBytes }))).map((one) => [
      keyOf(one),
      one.rows,
    ]),
  );
  const rooted = rootsIn(selection.filled, archive);
  // a materialized view has no rows of its own in a dump
  const tables = selection.filled.filter(({ kind }) => kind === 'r');
  const wanted = byRoot(
    tables.map((one) => ({
      schema: one.schema,
      name: one.name,
      rows: counts.get(one.oid) ?? null,
      copy_bytes: null,
      root: rooted.get(one.oid),
    })),
  );
  const differences = wanted.flatMap((table) => {
    const counted = table.rows;
    const there = found.get(keyOf(table)) ?? null;
    return there === counted && there !== null
      ? []
      : [{ what: `${table.schema}.${table.name}`, found: there, counted }];
  });
  if (archive.largeObjects !== null && archive.largeObjects !== largeObjects)
    differences.push({ what: 'large objects', found: archive.largeObjects, counted: largeObjects });
  if (differences.length > 0) throw backupErrors.notAsCounted({ differences });
  return { tables: tables.length, rows: tables.reduce((sum, { oid }) => sum + (counts.get(oid) ?? 0), 0) };
}

/**
 * Partitions, by oid, whose rows the archive has among those of the topmost table above them: pg_dump loads rows that
 * are spread by the hash of an enum through it.
 */
export function rootsIn(
  filled: readonly BackupRelation[],
  { tables }: Pick<Decoded, 'tables'>,
): Map<number, QualifiedName> {
  const there = new Set(tables.map(keyOf));
  return new Map(
    filled.flatMap((one): [number, QualifiedName][] => {
      const { oid, root_schema: schema, root_name: name } = one;
      if (schema === null || name === null || there.has(keyOf(one))) return [];
      return there.has(keyOf({ schema, name })) ? [[oid, { schema, name }]] : [];
    }),
  );
}
