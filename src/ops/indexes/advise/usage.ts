import type { JoinExpr, Node } from 'libpg-query';
import { quoteIdent } from '../../../db/ident.ts';
import { all, as, strings } from '../../sql/ast.ts';
import { treeText } from '../shape.ts';
import type { Catalog, Table } from './catalog.ts';

/** Something of a table's row that a statement looks rows up by. */
export interface Key {
  /** Undefined for an expression. */
  readonly column: string | undefined;
  /** As CREATE INDEX takes it. */
  readonly sql: string;
  /** Equal for what an index has as the same key. */
  readonly text: string;
}

export interface OrderKey extends Key {
  readonly descending: boolean;
}

/** What one statement wants of one table, in one of its queries. */
export interface Usage {
  readonly table: Table;
  /** Equal to a parameter, a constant, one of a list. */
  readonly filters: Key[];
  readonly ranges: Key[];
  /** Equal to something of another source, by its alias. */
  readonly joins: Map<string, Key[]>;
  /** What the first rows are sorted by. */
  order: readonly OrderKey[];
  /** Conditions that hold for all rows that are wanted, as trees without casts. */
  readonly conditions: Set<string>;
}

/** What a FROM has: a table, or something whose columns are not known. */
export interface Source {
  readonly alias: string;
  readonly schema: string | undefined;
  readonly table: Table | undefined;
  readonly usage: Usage | undefined;
}

export interface Scope {
  readonly sources: Source[];
  readonly outer: Scope | undefined;
  /** Of the condition of an outer join: the sources whose rows it leaves out; undefined: all. */
  readonly limits?: ReadonlySet<Source> | undefined;
}

/** Which sources the condition of a join leaves rows of out: an outer one keeps those of the other side. */
export function limitsOf(
  type: JoinExpr['jointype'],
  left: readonly Source[],
  right: readonly Source[],
): ReadonlySet<Source> | undefined {
  if (type === 'JOIN_LEFT') return new Set(right);
  if (type === 'JOIN_RIGHT') return new Set(left);
  return type === 'JOIN_FULL' ? new Set() : undefined;
}

export function newSource(alias: string, schema?: string, table?: Table): Source {
  const usage: Usage | undefined = table && {
    table,
    filters: [],
    ranges: [],
    joins: new Map(),
    order: [],
    conditions: new Set(),
  };
  return { alias, schema, table, usage };
}

interface Resolved {
  readonly source: Source;
  readonly column: string;
}

/** The source and the column that a name stands for; undefined where that is not certain. */
export function resolveColumn(node: Node, scope: Scope): Resolved | undefined {
  const fields = as(node, 'ColumnRef')?.fields ?? [];
  const names = strings(fields);
  // `t.*` has less names than fields
  if (names.length !== fields.length) return undefined;
  const column = names.at(-1);
  const alias = names.at(-2);
  if (column === undefined) return undefined;
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const called =
      alias === undefined
        ? at.sources
        : at.sources.filter((one) => one.alias === alias && (names.length < 3 || one.schema === names[0]));
    const having = called.filter(({ table }) => table?.columns.has(column));
    const [source, ...more] = having;
    // one whose columns are not known may have it
    if (called.some(({ table }) => table === undefined)) return undefined;
    if (source !== undefined) return more.length === 0 ? { source, column } : undefined;
    if (alias !== undefined && called.length > 0) return undefined;
  }
  return undefined;
}

/** What of a row stands on one side of a comparison: a column, or an expression that an index can have. */
export function keyOf(node: Node, scope: Scope, catalog: Catalog): { source: Source; key: Key } | undefined {
  if (as(node, 'ColumnRef') !== undefined) {
    const found = resolveColumn(node, scope);
    if (found === undefined) return undefined;
    const { source, column } = found;
    if (source.table?.columns.get(column)?.sortable === false) return undefined;
    return { source, key: { column, sql: quoteIdent(column), text: column } };
  }
  const call = as(node, 'FuncCall');
  if (call === undefined) return undefined;
  const sources = new Set<Source>();
  const sql = callSql(node, scope, catalog, sources);
  const [source, ...more] = sources;
  if (sql === undefined || source === undefined || more.length > 0) return undefined;
  return { source, key: { column: undefined, sql, text: treeText(node, true) } };
}

/** A call as SQL, with columns without their table; undefined where it has something that no index can have. */
function callSql(node: Node, scope: Scope, catalog: Catalog, sources: Set<Source>): string | undefined {
  const column = as(node, 'ColumnRef') && resolveColumn(node, scope);
  if (column !== undefined) {
    sources.add(column.source);
    return quoteIdent(column.column);
  }
  const call = as(node, 'FuncCall');
  const [name = '', ...more] = strings(call?.funcname).reverse();
  const plain =
    call !== undefined &&
    call.over === undefined &&
    call.agg_order === undefined &&
    call.agg_filter === undefined &&
    call.agg_distinct !== true &&
    call.agg_star !== true;
  if (!plain || (more.length > 0 && more[0] !== 'pg_catalog') || !catalog.isImmutable(name)) return undefined;
  const args = (call.args ?? []).map((arg) => callSql(arg, scope, catalog, sources));
  if (args.some((arg) => arg === undefined)) return undefined;
  return `${/^[a-z_]\w*$/.test(name) ? name : quoteIdent(name)}(${args.join(', ')})`;
}

/** The sources of this query that something reads; undefined where that is not certain. */
export function sourcesIn(node: unknown, scope: Scope): Set<Source> | undefined {
  const found = new Set<Source>();
  let certain = true;
  const walk = (one: unknown): void => {
    if (Array.isArray(one)) {
      for (const inner of one) walk(inner);
      return;
    }
    if (typeof one !== 'object' || one === null) return;
    const here = one as Node;
    if (as(here, 'ColumnRef') !== undefined) {
      const resolved = resolveColumn(here, scope);
      if (resolved !== undefined) found.add(resolved.source);
      else {
        const alias = strings(as(here, 'ColumnRef')?.fields).at(-2);
        const opaque = scope.sources.find((source) => source.alias === alias);
        if (opaque !== undefined) found.add(opaque);
        else certain = false;
      }
      return;
    }
    for (const inner of Object.values(one)) walk(inner);
  };
  walk(node);
  return certain ? found : undefined;
}

/** The columns that the first rows are sorted by, where all are of one table. */
export function orderOf(
  sort: readonly Node[] | undefined,
  targets: readonly Node[] | undefined,
  scope: Scope,
): { source: Source; order: OrderKey[] } | undefined {
  const names = new Map(
    all(targets, 'ResTarget').flatMap(({ name, val }) => (name === undefined ? [] : [[name, val] as const])),
  );
  let of: Source | undefined;
  const order: OrderKey[] = [];
  for (const { node, sortby_dir: dir, sortby_nulls: nulls, useOp } of all(sort, 'SortBy')) {
    if (
      node === undefined ||
      useOp !== undefined ||
      (nulls !== undefined && nulls !== 'SORTBY_NULLS_DEFAULT')
    )
      return undefined;
    const fields = strings(as(node, 'ColumnRef')?.fields);
    // a name of the result comes before one of a table
    const named = fields.length === 1 ? names.get(fields[0] ?? '') : undefined;
    const found = resolveColumn(named ?? node, scope);
    if (found === undefined || (of !== undefined && of !== found.source)) return undefined;
    of = found.source;
    const { column } = found;
    order.push({ column, sql: quoteIdent(column), text: column, descending: dir === 'SORTBY_DESC' });
  }
  return of === undefined || !scope.sources.includes(of) ? undefined : { source: of, order };
}

/** USING (column): equal on both sides, where each has one table with it. */
export function using(
  column: string,
  left: readonly Source[],
  right: readonly Source[],
  limits: ReadonlySet<Source> | undefined,
): void {
  const of = (sources: readonly Source[]) => {
    const having = sources.filter(({ table }) => table?.columns.has(column));
    return having.length === 1 && sources.every(({ table }) => table !== undefined) ? having[0] : undefined;
  };
  const [a, b] = [of(left), of(right)];
  if (a?.usage === undefined || b?.usage === undefined) return;
  const key = { column, sql: quoteIdent(column), text: column };
  if (limits?.has(a) !== false) a.usage.joins.set(b.alias, [...(a.usage.joins.get(b.alias) ?? []), key]);
  if (limits?.has(b) !== false) b.usage.joins.set(a.alias, [...(b.usage.joins.get(a.alias) ?? []), key]);
}
