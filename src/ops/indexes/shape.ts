import type { IndexElem, IndexStmt, Node } from 'libpg-query';
import { all, as, strings } from '../sql/ast.ts';
import type { Parser } from '../sql/parser.ts';

/** One key of an index. */
export interface Element {
  /** Undefined for an expression. */
  readonly column: string | undefined;
  /** The expression's tree as text, without where it stands: equal for what is written alike. */
  readonly expression: string | undefined;
  /** The same without casts, which the server adds where it writes an expression. */
  readonly loose: string | undefined;
  readonly opclass: string;
  readonly collation: string;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** What makes an index what it is, without its name and its table. */
export interface Shape {
  readonly method: string;
  readonly unique: boolean;
  readonly nullsNotDistinct: boolean;
  readonly elements: readonly Element[];
  readonly include: readonly string[];
  /** Tree of the predicate as text, without casts; empty without one. */
  readonly where: string;
}

/** The one CREATE INDEX of a text; undefined for anything else. Throws the parser's SqlError. */
export function indexStatement(parser: Parser, sql: string): IndexStmt | undefined {
  const [only, ...more] = parser.parse(sql).stmts ?? [];
  return more.length > 0 ? undefined : as(only?.stmt, 'IndexStmt');
}

/** The shape of an index by its definition; undefined for what the parser does not know. */
export function shapeOf(parser: Parser, definition: string): Shape | undefined {
  try {
    const statement = indexStatement(parser, definition);
    return statement && shapeOfStatement(statement);
  } catch {
    // a newer server's syntax
    return undefined;
  }
}

export function shapeOfStatement(statement: IndexStmt): Shape {
  return {
    method: statement.accessMethod || 'btree',
    unique: statement.unique === true,
    nullsNotDistinct: statement.nulls_not_distinct === true,
    elements: all(statement.indexParams, 'IndexElem').map(elementOf),
    include: all(statement.indexIncludingParams, 'IndexElem').map(({ name = '' }) => name),
    where: statement.whereClause === undefined ? '' : treeText(statement.whereClause, true),
  };
}

function elementOf(element: IndexElem): Element {
  const { name, expr, ordering, nulls_ordering: nulls } = element;
  const descending = ordering === 'SORTBY_DESC';
  const cast = (node: Node) => as(node, 'ColumnRef')?.fields;
  // (a) in parentheses is the column a
  const column = name ?? (expr && cast(expr) ? strings(cast(expr)).at(-1) : undefined);
  const expression = column === undefined && expr ? expr : undefined;
  return {
    column,
    expression: expression && treeText(expression, false),
    loose: expression && treeText(expression, true),
    opclass: strings(element.opclass).at(-1) ?? '',
    collation: strings(element.collation).at(-1) ?? '',
    descending,
    nullsFirst: nulls === 'SORTBY_NULLS_FIRST' || (descending && nulls !== 'SORTBY_NULLS_LAST'),
  };
}

/** A tree as text, equal for what means the same. `loose`: without casts. Columns are without their table. */
export function treeText(node: unknown, loose: boolean): string {
  return JSON.stringify(plain(node, loose));
}

function plain(node: unknown, loose: boolean): unknown {
  if (Array.isArray(node)) return node.map((one) => plain(one, loose));
  if (typeof node !== 'object' || node === null) return node;
  const { TypeCast, ColumnRef } = node as {
    TypeCast?: { arg?: unknown };
    ColumnRef?: { fields?: Node[] };
  };
  if (loose && TypeCast !== undefined) return plain(TypeCast.arg, loose);
  if (ColumnRef !== undefined) return { ColumnRef: strings(ColumnRef.fields).at(-1) };
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key !== 'location' && !key.endsWith('_location') && key !== 'funcformat')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, key === 'funcname' ? strings(value).slice(-1) : plain(value, loose)]),
  );
}

/** What an index is to another that is wanted. */
export type Likeness = 'same' | 'alike' | 'covers' | undefined;

/**
 * `same`: it is the wanted index. `alike`: but for casts. `covers`: a B-tree that begins with the same keys and has the same
 * rows: it finds what the wanted one would find.
 */
export function likeness(there: Shape, wanted: Shape): Likeness {
  if (there.where !== wanted.where || there.method !== wanted.method) return undefined;
  const exact = startsWith(there, wanted, false);
  if (!exact && !startsWith(there, wanted, true)) return undefined;
  const whole =
    there.elements.length === wanted.elements.length &&
    there.include.length === wanted.include.length &&
    wanted.include.every((name) => there.include.includes(name));
  const enforces = !wanted.unique || (there.unique && there.nullsNotDistinct === wanted.nullsNotDistinct);
  if (whole && enforces) return exact ? 'same' : 'alike';
  const names = [...there.elements.map(({ column }) => column), ...there.include];
  const has = wanted.include.every((name) => names.includes(name));
  return has && !wanted.unique && there.method === 'btree' ? 'covers' : undefined;
}

function startsWith(there: Shape, wanted: Shape, loose: boolean): boolean {
  return wanted.elements.every((one, at) => {
    const other = there.elements[at];
    return other !== undefined && keyText(other, loose) === keyText(one, loose);
  });
}

function keyText({ expression, loose: withoutCasts, ...rest }: Element, loose: boolean): string {
  return JSON.stringify([loose ? withoutCasts : expression, rest]);
}
