import { fullName } from '../../db/ident.ts';
import { leafFinder } from '../maintain/shared/partitions.ts';
import { resolveRelation, resolveSchemaOf } from '../relations/resolve.ts';
import type { ReindexIndex, ReindexTable } from './queries/inventory.ts';

/** What one step rebuilds: an index, or all indexes of a table. */
export interface Target {
  readonly kind: 'index' | 'table';
  readonly schema: string;
  readonly name: string;
  /** `schema.name`, as a person writes it. */
  readonly shown: string;
  readonly table: ReindexTable;
  /** What it rebuilds, the biggest first. */
  readonly indexes: readonly ReindexIndex[];
  /** Somebody has named it; not only its schema, or the database. */
  readonly named: boolean;
}

export interface ReindexScope {
  /** In the order in which they are done: those with the biggest indexes first. */
  readonly targets: readonly Target[];
  /** Invalid indexes that somebody has named: they are not rebuilt but cleaned up. */
  readonly invalid: readonly ReindexIndex[];
  /** Tables that are worked on. */
  readonly tables: readonly ReindexTable[];
  /** Oids of those that are meant with all their indexes. */
  readonly whole: ReadonlySet<number>;
}

export interface Asked {
  readonly index: readonly string[];
  readonly table: readonly string[];
  readonly schema: readonly string[];
  readonly database: boolean;
}

/**
 * Finds what is meant: partitioned tables and indexes are their partitions. Throws {@link file://../error.ts OpError} for a name that is
 * not there, with those that are alike.
 */
export function chooseTargets(
  tables: readonly ReindexTable[],
  indexes: readonly ReindexIndex[],
  asked: Asked,
): ReindexScope {
  const byOid = new Map(tables.map((one) => [one.oid, one]));
  const named = asked.table.map((text) => resolveRelation(tables, text));
  const schemas = asked.schema.map((text) => resolveSchemaOf(tables, text));
  const tablesOf = leafFinder(tables);
  const indexesOf = leafFinder(indexes);
  const leaves = new Map<ReindexTable, boolean>();
  for (const table of named) for (const leaf of tablesOf(table)) leaves.set(leaf, true);
  for (const table of tables) {
    const meant = schemas.includes(table.schema) || (asked.database && !table.system);
    if (meant) for (const leaf of tablesOf(table)) if (!leaves.has(leaf)) leaves.set(leaf, false);
  }
  const ofTable = Map.groupBy(
    indexes.filter(({ kind }) => kind === 'i'),
    (one) => one.table_oid,
  );
  const whole = [...leaves].flatMap(([table, byName]): Target[] => {
    const own = (ofTable.get(table.oid) ?? []).filter(({ valid }) => valid);
    return own.length === 0 ? [] : [target('table', table, table, own, byName)];
  });
  const meant = new Set(
    asked.index.flatMap((text) => indexesOf(resolveRelation(indexes, text, { what: 'index' }))),
  );
  const single = [...meant].flatMap((index): Target[] => {
    const table = byOid.get(index.table_oid);
    return table === undefined || !index.valid || leaves.has(table)
      ? []
      : [target('index', index, table, [index], true)];
  });
  const targets = [...whole, ...single].sort((a, b) => size(b) - size(a) || (a.shown < b.shown ? -1 : 1));
  const invalid = [...meant].filter(({ valid }) => !valid);
  const touched = [...leaves.keys(), ...[...meant].flatMap(({ table_oid }) => byOid.get(table_oid) ?? [])];
  return {
    targets,
    invalid,
    tables: [...new Set(touched)],
    whole: new Set([...leaves.keys()].map(({ oid }) => oid)),
  };
}

function target(
  kind: Target['kind'],
  { schema, name }: { readonly schema: string; readonly name: string },
  table: ReindexTable,
  indexes: readonly ReindexIndex[],
  named: boolean,
): Target {
  return { kind, schema, name, shown: fullName(schema, name), table, indexes, named };
}

/** Bytes that the indexes of a target take. */
export function size({ indexes }: Pick<Target, 'indexes'>): number {
  return indexes.reduce((sum, one) => sum + one.est_bytes, 0);
}
