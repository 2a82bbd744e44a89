import type { A_Expr, Node, RangeVar, SelectStmt, WithClause } from 'libpg-query';
import { quoteIdent } from '../../../db/ident.ts';
import { all, as, strings } from '../../sql/ast.ts';
import { treeText } from '../shape.ts';
import type { Catalog } from './catalog.ts';
import {
  type Key,
  keyOf,
  limitsOf,
  newSource,
  orderOf,
  type Scope,
  type Source,
  sourcesIn,
  type Usage,
  using,
} from './usage.ts';

/** What a statement wants of tables, and what of it could not be followed. */
export interface Wishes {
  readonly usages: readonly Usage[];
  /** Relations that are not there by the search_path, and views, which are not followed. */
  readonly unresolved: ReadonlySet<string>;
}

/** Reads a statement's tree. `path`: where names without a schema are looked for. */
export function wishesOf(statement: Node, catalog: Catalog, path: readonly string[]): Wishes {
  const walk = new Walk(catalog, path);
  walk.statement(statement, new Set(), undefined);
  return { usages: walk.usages, unresolved: walk.unresolved };
}

type Ctes = ReadonlySet<string>;

/** Something that has to hold, for which sources see {@link Scope.limits}. */
interface Condition {
  readonly node: Node;
  readonly limits: Scope['limits'];
}

const RANGES = new Set(['<', '<=', '>', '>=']);

class Walk {
  readonly usages: Usage[] = [];
  readonly unresolved = new Set<string>();
  readonly #catalog: Catalog;
  readonly #path: readonly string[];

  constructor(catalog: Catalog, path: readonly string[]) {
    this.#catalog = catalog;
    this.#path = path;
  }

  statement(node: Node, ctes: Ctes, outer: Scope | undefined): void {
    const select = as(node, 'SelectStmt');
    if (select !== undefined) this.#select(select, ctes, outer);
    const insert = as(node, 'InsertStmt');
    if (insert?.selectStmt !== undefined)
      this.statement(insert.selectStmt, this.#with(insert.withClause, ctes, outer), outer);
    const update = as(node, 'UpdateStmt');
    const remove = as(node, 'DeleteStmt');
    const changed = update ?? remove;
    if (changed === undefined) return;
    const inner = this.#with(changed.withClause, ctes, outer);
    const scope: Scope = { sources: [], outer };
    const conditions: Condition[] = [];
    if (changed.relation !== undefined) this.#table(changed.relation, scope, new Set());
    for (const one of update?.fromClause ?? remove?.usingClause ?? [])
      this.#from(one, scope, inner, conditions);
    this.#conditions([...conditions, ...wheres(changed.whereClause)], scope, inner);
    this.#inside(update?.targetList, scope, inner);
  }

  #select(select: SelectStmt, ctes: Ctes, outer: Scope | undefined): void {
    const inner = this.#with(select.withClause, ctes, outer);
    if (select.larg !== undefined && select.rarg !== undefined) {
      this.#select(select.larg, inner, outer);
      this.#select(select.rarg, inner, outer);
      return;
    }
    const scope: Scope = { sources: [], outer };
    const conditions: Condition[] = [];
    for (const one of select.fromClause ?? []) this.#from(one, scope, inner, conditions);
    this.#conditions([...conditions, ...wheres(select.whereClause)], scope, inner);
    this.#inside([select.targetList, select.havingClause, select.valuesLists], scope, inner);
    const whole =
      select.groupClause !== undefined ||
      select.distinctClause !== undefined ||
      select.havingClause !== undefined;
    if (select.limitCount === undefined || whole) return;
    const found = orderOf(select.sortClause, select.targetList, scope);
    if (found?.source.usage !== undefined) found.source.usage.order = found.order;
  }

  /** The queries of WITH; their names hide tables from what follows. */
  #with(clause: WithClause | undefined, ctes: Ctes, outer: Scope | undefined): Ctes {
    const names = new Set(ctes);
    const found = all(clause?.ctes, 'CommonTableExpr');
    if (clause?.recursive === true) for (const { ctename } of found) names.add(ctename ?? '');
    for (const { ctename, ctequery } of found) {
      if (ctequery !== undefined) this.statement(ctequery, new Set(names), outer);
      names.add(ctename ?? '');
    }
    return names;
  }

  #from(node: Node, scope: Scope, ctes: Ctes, conditions: Condition[]): void {
    const table = as(node, 'RangeVar');
    if (table !== undefined) {
      this.#table(table, scope, ctes);
      return;
    }
    const join = as(node, 'JoinExpr');
    if (join !== undefined) {
      const before = scope.sources.length;
      if (join.larg !== undefined) this.#from(join.larg, scope, ctes, conditions);
      const between = scope.sources.length;
      if (join.rarg !== undefined) this.#from(join.rarg, scope, ctes, conditions);
      const left = scope.sources.slice(before, between);
      const right = scope.sources.slice(between);
      const limits = limitsOf(join.jointype, left, right);
      for (const column of strings(join.usingClause)) using(column, left, right, limits);
      conditions.push(...conjuncts(join.quals).map((one) => ({ node: one, limits })));
      return;
    }
    const query = as(node, 'RangeSubselect');
    if (query?.subquery !== undefined)
      this.statement(query.subquery, ctes, query.lateral === true ? scope : scope.outer);
    const alias = query?.alias ?? as(node, 'RangeFunction')?.alias;
    scope.sources.push(newSource(alias?.aliasname ?? ''));
  }

  #table({ schemaname, relname = '', alias }: RangeVar, scope: Scope, ctes: Ctes): void {
    const name = alias?.aliasname ?? relname;
    if (schemaname === undefined && ctes.has(relname)) {
      scope.sources.push(newSource(name));
      return;
    }
    // the columns of one with a list of names are called otherwise
    const found =
      alias?.colnames === undefined ? this.#catalog.find(schemaname, relname, this.#path) : undefined;
    const known = found !== undefined && found.kind !== 'v' && found.kind !== 'f';
    if (
      !known &&
      schemaname !== 'pg_catalog' &&
      schemaname !== 'information_schema' &&
      !relname.startsWith('pg_')
    )
      this.unresolved.add(schemaname === undefined ? relname : `${schemaname}.${relname}`);
    const source = newSource(name, found?.schema, known ? found : undefined);
    scope.sources.push(source);
    if (source.usage !== undefined) this.usages.push(source.usage);
  }

  #conditions(conditions: readonly Condition[], scope: Scope, ctes: Ctes): void {
    for (const { node, limits } of conditions) {
      const [source, ...more] = sourcesIn(node, scope) ?? [];
      if (source !== undefined && more.length === 0 && limits?.has(source) !== false)
        source.usage?.conditions.add(treeText(node, true));
      this.#condition(node, { ...scope, limits });
      this.#inside(node, scope, ctes);
    }
  }

  #condition(node: Node, scope: Scope): void {
    const or = as(node, 'BoolExpr');
    if (or?.boolop === 'OR_EXPR') this.#either(or.args ?? [], scope);
    const link = as(node, 'SubLink');
    if (link?.subLinkType === 'ANY_SUBLINK' && link.operName === undefined && link.testexpr !== undefined)
      this.#equal(link.testexpr, undefined, scope);
    const compared = as(node, 'A_Expr');
    if (compared !== undefined) this.#compared(compared, scope);
  }

  #compared({ kind, name, lexpr, rexpr }: A_Expr, scope: Scope): void {
    if (lexpr === undefined || rexpr === undefined) return;
    const [operator = ''] = strings(name);
    const [left, right] = [as(lexpr, 'RowExpr')?.args, as(rexpr, 'RowExpr')?.args];
    if (kind === 'AEXPR_OP' && operator === '=') {
      const rows = left !== undefined && right !== undefined && left.length === right.length;
      if (!rows) this.#equalBoth(lexpr, rexpr, scope);
      else for (const [at, one] of left.entries()) this.#equalBoth(one, right[at] ?? one, scope);
    }
    if ((kind === 'AEXPR_IN' || kind === 'AEXPR_OP_ANY') && operator === '=')
      this.#equal(lexpr, rexpr, scope);
    if (kind === 'AEXPR_BETWEEN') this.#range(lexpr, rexpr, scope);
    if (kind === 'AEXPR_OP' && RANGES.has(operator)) {
      this.#range(lexpr, rexpr, scope);
      this.#range(rexpr, lexpr, scope);
    }
    if (kind === 'AEXPR_LIKE' && operator === '~~') this.#like(lexpr, rexpr, scope);
  }

  #equalBoth(left: Node, right: Node, scope: Scope): void {
    this.#equal(left, right, scope);
    this.#equal(right, left, scope);
  }

  /** `other` undefined: the rows of a subquery. */
  #equal(node: Node, other: Node | undefined, scope: Scope): void {
    const found = this.#key(node, other, scope);
    if (found === undefined) return;
    const { usage, key, others } = found;
    const [joined] = other === undefined ? ['a subquery'] : [...others].map(({ alias }) => alias);
    if (joined === undefined) add(usage.filters, key);
    else usage.joins.set(joined, [...(usage.joins.get(joined) ?? []), key]);
  }

  #range(node: Node, other: Node, scope: Scope): void {
    const found = this.#key(node, other, scope);
    if (found !== undefined) add(found.usage.ranges, found.key);
  }

  /** Only a text that is known to begin with something is looked up: of a parameter nobody knows. */
  #like(node: Node, other: Node, scope: Scope): void {
    const text = as(other, 'A_Const')?.sval?.sval ?? '';
    if (!/^[^%_\\]/.test(text)) return;
    const found = this.#key(node, other, scope);
    if (found === undefined || found.key.column === undefined) return;
    const type = found.usage.table.columns.get(found.key.column)?.type;
    const opclass =
      type === 'text' ? 'text_pattern_ops' : type === 'character varying' ? 'varchar_pattern_ops' : undefined;
    if (opclass === undefined) return;
    const { column } = found.key;
    add(found.usage.ranges, {
      column,
      sql: `${quoteIdent(column)} ${opclass}`,
      text: `${column} ${opclass}`,
    });
  }

  /** The same column in all arms is one of a list; different ones take different indexes, and are left out. */
  #either(arms: readonly Node[], scope: Scope): void {
    const found = arms.map((arm) => {
      const { kind, name, lexpr, rexpr } = as(arm, 'A_Expr') ?? {};
      const equal = (kind === 'AEXPR_OP' || kind === 'AEXPR_IN') && strings(name)[0] === '=';
      if (!equal || lexpr === undefined || rexpr === undefined) return undefined;
      return this.#key(lexpr, rexpr, scope) ?? this.#key(rexpr, lexpr, scope);
    });
    const [first] = found;
    if (first === undefined) return;
    const same = found.every(
      (one) => one?.usage === first.usage && one.key.text === first.key.text && one.others.size === 0,
    );
    if (same) add(first.usage.filters, first.key);
  }

  /** A key of a table of this query that is compared with something that does not depend on the same row. */
  #key(
    node: Node,
    other: Node | undefined,
    scope: Scope,
  ): { usage: Usage; key: Key; others: Set<Source> } | undefined {
    const found = keyOf(node, scope, this.#catalog);
    const usage = found?.source.usage;
    // what belongs to a query around this one is a parameter here
    if (found === undefined || usage === undefined || !scope.sources.includes(found.source)) return undefined;
    if (scope.limits?.has(found.source) === false) return undefined;
    const read = other === undefined ? new Set<Source>() : sourcesIn(other, scope);
    if (read === undefined || read.has(found.source)) return undefined;
    const others = new Set([...read].filter((one) => scope.sources.includes(one)));
    return { usage, key: found.key, others };
  }

  /** The queries in an expression, each once. */
  #inside(node: unknown, scope: Scope, ctes: Ctes): void {
    if (Array.isArray(node)) {
      for (const one of node) this.#inside(one, scope, ctes);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    const link = as(node as Node, 'SubLink');
    if (link?.subselect !== undefined) {
      this.statement(link.subselect, ctes, scope);
      this.#inside(link.testexpr, scope, ctes);
      return;
    }
    for (const one of Object.values(node)) this.#inside(one, scope, ctes);
  }
}

/** The conditions that all have to hold. */
function conjuncts(node: Node | undefined): Node[] {
  if (node === undefined) return [];
  const and = as(node, 'BoolExpr');
  return and?.boolop === 'AND_EXPR' ? (and.args ?? []).flatMap(conjuncts) : [node];
}

const wheres = (node: Node | undefined): Condition[] =>
  conjuncts(node).map((one) => ({ node: one, limits: undefined }));

function add(keys: Key[], key: Key): void {
  if (!keys.some(({ text }) => text === key.text)) keys.push(key);
}
