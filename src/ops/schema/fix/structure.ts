import { type Attribute, pathOf, type SchemaObject, type SchemaSnapshot } from '../format.ts';
import { keyOfName, partsOfName } from './names.ts';

/** A snapshot to look things up in. */
export class Structure {
  readonly versionNum: number;
  readonly #objects = new Map<string, SchemaObject>();
  /** By the name of what holds them. */
  readonly #inside = new Map<string, SchemaObject[]>();
  readonly #children = new Map<string, SchemaObject[]>();

  constructor(snapshot: SchemaSnapshot) {
    this.versionNum = snapshot.serverVersionNum;
    for (const object of snapshot.objects) {
      this.#objects.set(keyOf(object.kind, pathOf(object)), object);
      for (let n = 1; n < object.name.length; n++) put(this.#inside, object.name.slice(0, n), object);
      for (const parent of parentsOf(object)) put(this.#children, parent, object);
    }
  }

  get major(): number {
    return Math.floor(this.versionNum / 10_000);
  }

  has(object: Pick<SchemaObject, 'kind' | 'name' | 'identity'>): boolean {
    return this.#objects.has(keyOf(object.kind, pathOf(object)));
  }

  get(kind: string, path: string): SchemaObject | undefined {
    return this.#objects.get(keyOf(kind, path));
  }

  of(kind: string, name: readonly string[]): SchemaObject | undefined {
    return this.get(kind, pathOf({ name: [...name] }));
  }

  /** What stands in a schema or a table, at any depth. */
  inside(name: readonly string[]): readonly SchemaObject[] {
    return this.#inside.get(keyOfName(name)) ?? [];
  }

  /** The columns of a relation in their order. */
  columns(table: readonly string[]): SchemaObject[] {
    const place = ({ attributes }: SchemaObject) => Number(attributes.position ?? 0);
    return this.inside(table)
      .filter(({ kind, name }) => (kind === 'column' || kind === 'attribute') && name.length === 3)
      .sort((a, b) => place(a) - place(b));
  }

  /** The tables that have such a column, each once. */
  tablesOf(has: (column: SchemaObject) => boolean): string[][] {
    const found = new Map<string, string[]>();
    for (const one of this.#objects.values())
      if (one.kind === 'column' && has(one)) {
        const table = one.name.slice(0, 2);
        if (this.of('table', table) !== undefined) found.set(keyOfName(table), table);
      }
    return [...found.values()];
  }

  /** Partitions of a table, or the parts of a partitioned index, that name it as their parent. */
  children(name: readonly string[]): readonly SchemaObject[] {
    return this.#children.get(keyOfName(name)) ?? [];
  }
}

/** The tables, or the index, that an object says it is a part of. */
export function parentsOf({ attributes }: SchemaObject): string[][] {
  const { partition_of: parent, inherits } = attributes;
  const texts = [
    ...(typeof parent === 'string' ? [parent] : []),
    ...(Array.isArray(inherits) ? inherits : []),
  ];
  return texts.flatMap((text) => {
    const parts = partsOfName(text);
    return parts === undefined ? [] : [parts];
  });
}

const made = new WeakMap<SchemaSnapshot, Structure>();

/** The same for the same snapshot. */
export function structureOf(snapshot: SchemaSnapshot): Structure {
  const there = made.get(snapshot);
  if (there !== undefined) return there;
  const structure = new Structure(snapshot);
  made.set(snapshot, structure);
  return structure;
}

/** Both sides of a difference, and what only a look at the rows tells. */
export interface Sides {
  readonly actual: Structure;
  readonly expected: Structure;
  /** Keys of tables that have no row now. */
  readonly empty?: ReadonlySet<string>;
}

/** A text of an object; undefined where it has none. */
export function text({ attributes }: SchemaObject, key: string): string | undefined {
  const value: Attribute | undefined = attributes[key];
  return typeof value === 'string' ? value : undefined;
}

/** A list of an object; empty where it has none. */
export function list({ attributes }: SchemaObject, key: string): readonly string[] {
  const value: Attribute | undefined = attributes[key];
  return Array.isArray(value) ? value : [];
}

function keyOf(kind: string, path: string): string {
  return `${kind} ${path}`;
}

function put(map: Map<string, SchemaObject[]>, name: readonly string[], object: SchemaObject): void {
  const key = keyOfName(name);
  const there = map.get(key);
  if (there === undefined) map.set(key, [object]);
  else there.push(object);
}
