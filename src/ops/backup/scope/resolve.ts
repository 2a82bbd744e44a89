import { displayName, quoteIdent } from '../../../db/ident.ts';
import type { BackupRelation } from '../../../db/views/backup/relations.ts';
import { OpError } from '../../error.ts';
import { nameParts, nearest } from './names.ts';

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

/** `schema.name` in quotes, as pg_dump takes it for that one relation and no other. */
export function pattern({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

function resolveSchema(names: readonly string[], text: string): string {
  const parts = nameParts(text);
  const found =
    names.find((name) => name === text) ?? names.find((name) => parts?.length === 1 && name === parts[0]);
  if (found !== undefined) return found;
  throw missing('schema', text, nearest(text, names));
}

function resolveTable(relations: readonly BackupRelation[], text: string): BackupRelation {
  const parts = nameParts(text) ?? [];
  const found = relations.filter(
    ({ schema, name }) =>
      text === `${schema}.${name}` ||
      text === name ||
      (parts.length === 1 && parts[0] === name) ||
      (parts.length === 2 && parts[0] === schema && parts[1] === name),
  );
  const [only, ...more] = found;
  if (only === undefined) {
    const tables = relations.filter(({ kind }) => kind !== 'S' && kind !== 'v');
    throw missing('table', text, nearest(text, tables.map(typedName)));
  }
  if (more.length > 0)
    throw new OpError(
      'refused',
      `The name ${text} stands for ${found.length} tables: ${found.map(pattern).join(', ')}.`,
      'Name one of them with its schema, in quotes as it stands here.',
    );
  const why = noRows(only);
  if (why !== undefined) throw new OpError('refused', `${typedName(only)} ${why}`);
  return only;
}

function noRows({ kind, of_extension }: BackupRelation): string | undefined {
  if (kind === 'v') return 'is a view and holds no rows: choose the tables it reads.';
  if (kind === 'S') return 'is a sequence: choose the table it numbers.';
  if (kind === 'f') return 'is a foreign table: its rows are on another server, back them up there.';
  if (of_extension) return 'belongs to an extension, which brings it along.';
  return undefined;
}

function typedName({ schema, name }: BackupRelation): string {
  return displayName(schema, name);
}

function missing(what: string, text: string, alike: readonly string[]): OpError {
  return new OpError(
    'refused',
    `There is no ${what} ${text} in this database.`,
    alike.length === 0
      ? `Check the name; upper and lower case differ.`
      : `Did you mean ${alike.join(' or ')}?`,
  );
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
