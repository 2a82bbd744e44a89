import { displayName, quoteRelation } from '../../../db/ident.ts';
import { resolveRelation, resolveSchema } from '../../relations/resolve.ts';
import { backupErrors, type Rowless } from '../errors.ts';
import type { BackupRelation } from '../queries/relations.ts';

/** What tables and schemas that were typed stand for. */
export interface Chosen {
  readonly schemas: readonly string[];
  /** The tables that were named themselves. */
  readonly tables: readonly BackupRelation[];
  /** Oids of everything that is meant: those tables, all in those schemas, and all partitions of both. */
  readonly oids: ReadonlySet<number>;
}

/**
 * Finds what was meant in what the server has. Throws {@link OpError} for a name that is not there (with those that
 * are alike), that stands for several, or for something that holds no rows.
 */
export function resolveChosen(
  relations: readonly BackupRelation[],
  schemaNames: readonly string[],
  typed: { readonly schemas: readonly string[]; readonly tables: readonly string[] },
): Chosen {
  const schemas = typed.schemas.map((text) => resolveSchema(schemaNames, text));
  const tables = typed.tables.map((text) => resolveTable(relations, text));
  const roots = [...tables, ...relations.filter(({ schema }) => schemas.includes(schema))];
  return {
    schemas: [...new Set(schemas)],
    tables: [...new Set(tables)],
    oids: withPartitions(relations, roots),
  };
}

function resolveTable(relations: readonly BackupRelation[], text: string): BackupRelation {
  const table = resolveRelation(relations, text, {
    offered: ({ kind }) => kind !== 'S' && kind !== 'v',
    shown: quoteRelation,
  });
  const why = noRows(table);
  if (why !== undefined) throw backupErrors.rowless({ relation: displayName(table.schema, table.name), why });
  return table;
}

function noRows({ kind, of_extension }: BackupRelation): Rowless | undefined {
  if (kind === 'v') return 'view';
  if (kind === 'S') return 'sequence';
  if (kind === 'f') return 'foreign';
  if (of_extension) return 'extension';
  return undefined;
}

/** The relations and, of partitioned tables, every partition below. */
function withPartitions(relations: readonly BackupRelation[], roots: readonly BackupRelation[]): Set<number> {
  const children = Map.groupBy(relations, (one) => one.partition_of);
  const oids = new Set<number>();
  const add = (relation: BackupRelation) => {
    if (oids.has(relation.oid)) return;
    oids.add(relation.oid);
    for (const child of children.get(relation.oid) ?? []) add(child);
  };
  for (const root of roots) add(root);
  return oids;
}
