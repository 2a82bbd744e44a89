import type { Session } from '../../../db/session.ts';
import type { Parser } from '../../sql/parser.ts';
import { type IndexFacts, indexFacts } from '../queries/facts.ts';
import {
  immutableFunctions,
  type NamedRelation,
  namedRelations,
  type WorkloadColumn,
  workloadColumns,
} from '../queries/workload.ts';
import { type Shape, shapeOf } from '../shape.ts';

/** An index that is there, as its definition says it. */
export interface KnownIndex {
  readonly facts: IndexFacts;
  readonly shape: Shape;
}

/** A relation that statements name. */
export interface Table extends NamedRelation {
  readonly columns: ReadonlyMap<string, WorkloadColumn>;
  readonly indexes: readonly KnownIndex[];
  /** Exclusively, by somebody: what indexes it has could not be read. */
  readonly locked: boolean;
}

/** What the names in statements stand for. */
export class Catalog {
  readonly #byName: ReadonlyMap<string, readonly Table[]>;
  readonly #immutable: ReadonlySet<string>;

  constructor(tables: readonly Table[], immutable: ReadonlySet<string>) {
    this.#byName = Map.groupBy(tables, ({ name }) => name);
    this.#immutable = immutable;
  }

  /** As the server looks for it: in the schema, or along the search_path. Undefined for what is not there. */
  find(schema: string | undefined, name: string, path: readonly string[]): Table | undefined {
    const called = this.#byName.get(name) ?? [];
    if (schema !== undefined) return called.find((one) => one.schema === schema);
    for (const one of path) {
      const found = called.find((table) => table.schema === one);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  isImmutable(name: string): boolean {
    return this.#immutable.has(name);
  }
}

/** Reads what is known of these names. Throws DbError. */
export async function readCatalog(
  session: Session,
  parser: Parser,
  { names, functions }: { readonly names: ReadonlySet<string>; readonly functions: ReadonlySet<string> },
): Promise<Catalog> {
  const relations = await session.run(namedRelations, { names: [...names] });
  const oids = relations.filter(({ kind }) => kind !== 'v' && kind !== 'f').map(({ oid }) => oid);
  const columns = Map.groupBy(await session.run(workloadColumns, { oids }), (one) => one.table_oid);
  const indexes = Map.groupBy(
    await session.run(indexFacts, { oids: [], tables: oids }),
    (one) => one.table_oid,
  );
  const immutable = await session.run(immutableFunctions, { names: [...functions] });
  const tables = relations.map(
    (one): Table => ({
      ...one,
      columns: new Map((columns.get(one.oid) ?? []).map((column) => [column.name, column])),
      locked: (indexes.get(one.oid) ?? []).some(({ definition }) => definition === null),
      indexes: (indexes.get(one.oid) ?? []).flatMap((facts) => {
        const shape = facts.definition === null ? undefined : shapeOf(parser, facts.definition);
        return shape === undefined || !facts.valid ? [] : [{ facts, shape }];
      }),
    }),
  );
  return new Catalog(tables, new Set(immutable.map(({ name }) => name)));
}

/** The schemas of a search_path, `"$user"` being the role. */
export function schemasOf(path: string, role: string): string[] {
  return [...path.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)].map(([, quoted, bare]) => {
    const name = quoted?.replaceAll('""', '"') ?? bare?.toLowerCase() ?? '';
    return name === '$user' ? role : name;
  });
}
