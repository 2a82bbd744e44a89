import type { Node, RangeVar } from 'libpg-query';

/** `IndexStmt`, `AlterTableStmt`: what a node of the syntax tree can be. */
export type Kind = Node extends infer One ? (One extends unknown ? keyof One & string : never) : never;
type Inside<K extends Kind> =
  Extract<Node, Record<K, unknown>> extends infer One
    ? One extends Record<K, infer Value>
      ? Value
      : never
    : never;

/** What is in a node when it is of that kind. */
export function as<K extends Kind>(node: Node | undefined, kind: K): Inside<K> | undefined {
  return node === undefined ? undefined : ((node as Record<string, unknown>)[kind] as Inside<K> | undefined);
}

/** What is in those of the nodes that are of that kind. */
export function all<K extends Kind>(nodes: readonly Node[] | undefined, kind: K): Inside<K>[] {
  return (nodes ?? []).flatMap((node) => as(node, kind) ?? []);
}

export function kindOf(node: Node): Kind | undefined {
  return Object.keys(node)[0] as Kind | undefined;
}

/** `schema.table` as the statement says it, not quoted. */
export function relationName(relation: RangeVar | undefined): string | undefined {
  const { schemaname, relname } = relation ?? {};
  return schemaname === undefined ? relname : `${schemaname}.${relname}`;
}

/** The strings of a list of names: `["public", "users"]`. */
export function strings(nodes: readonly Node[] | undefined): string[] {
  return all(nodes, 'String').flatMap(({ sval }) => sval ?? []);
}

/** A name that DROP lists: a list of strings, or of a function its name. */
export function objectName(node: Node): string {
  const list = as(node, 'List')?.items ?? as(node, 'ObjectWithArgs')?.objname ?? as(node, 'TypeName')?.names;
  return (list ? strings(list) : strings([node])).join('.');
}

/** Whether an option is there and not set to false. */
export function option(nodes: readonly Node[] | undefined, name: string): boolean | undefined {
  const found = all(nodes, 'DefElem').find(({ defname }) => defname?.toLowerCase() === name);
  if (found === undefined) return undefined;
  if (found.arg === undefined) return true;
  const value =
    as(found.arg, 'String')?.sval ?? as(found.arg, 'Boolean')?.boolval ?? as(found.arg, 'Integer');
  if (typeof value === 'boolean') return value;
  if (typeof value === 'object') return (value.ival ?? 0) !== 0;
  return !['false', 'off', 'no', '0'].includes((value ?? '').toLowerCase());
}

/** Calls `visit` for every object of the tree that is of that kind. */
export function eachInside<K extends Kind>(tree: unknown, kind: K, visit: (found: Inside<K>) => void): void {
  if (Array.isArray(tree)) {
    for (const item of tree) eachInside(item, kind, visit);
    return;
  }
  if (typeof tree !== 'object' || tree === null) return;
  for (const [key, value] of Object.entries(tree)) {
    if (key === kind) visit(value as Inside<K>);
    eachInside(value, kind, visit);
  }
}
