import type { Node } from 'libpg-query';
import { all, as, kindOf } from '../../../sql/ast.ts';
import { loadParser, type Parser } from '../../../sql/parser.ts';
import { keyOfName } from '../names.ts';
import type { Addition, Statement, Subject } from '../statement.ts';
import { ADDS } from './adds.ts';
import { acting, callsIn } from './calls.ts';
import { isExpression, isType } from './fragments.ts';

/** A statement that is not let through. */
export interface Refused {
  readonly subject: Subject;
  readonly sql: string;
  /** What is wrong with it: `it holds 2 statements`. */
  readonly why: string;
}

/**
 * What of a plan does more than add, or adds something else than it says. The texts of a snapshot are anybody's: each
 * statement is read as PostgreSQL reads it, and only what is known to add is let through.
 */
export async function refusals(additions: readonly Addition[]): Promise<Refused[]> {
  const parser = await loadParser();
  const fresh = new Set(
    additions
      .filter(
        ({ subject, statements }) =>
          /TABLE$/i.test(subject.kind) && /^CREATE /.test(statements[0]?.sql ?? ''),
      )
      .map(({ subject }) => keyOfName(subject.name)),
  );
  return additions.flatMap(({ subject, statements }) =>
    statements.flatMap((statement) => {
      const why = whyNot(parser, statement, subject, fresh.has(keyOfName(subject.name.slice(0, 2))));
      return why === undefined ? [] : [{ subject, sql: statement.sql, why }];
    }),
  );
}

function whyNot(
  parser: Parser,
  { sql, expressions = [], types = [], columns }: Statement,
  subject: Subject,
  fresh: boolean,
): string | undefined {
  const bad = expressions.find((text) => !isExpression(parser, text));
  if (bad !== undefined) return `this is not one expression: ${bad}`;
  const odd = types.find((text) => !isType(parser, text));
  if (odd !== undefined) return `this is not one type: ${odd}`;
  let stmts: { stmt?: Node }[];
  try {
    stmts = parser.parse(sql).stmts ?? [];
  } catch (error) {
    return `it is no SQL: ${(error as Error).message}`;
  }
  const [node] = stmts.map(({ stmt }) => stmt);
  if (stmts.length !== 1 || node === undefined) return `it holds ${stmts.length} statements`;
  const adds = ADDS[kindOf(node) ?? ''];
  if (adds === undefined) return 'a statement of its kind does more than add';
  if (!adds(node, subject, fresh)) return 'it does something else than it is for';
  if (columns !== undefined && !sameColumns(node, columns)) return 'it has other columns than are listed';
  const call = runs(node) ? acting(callsIn(node)) : undefined;
  return call === undefined ? undefined : `it calls ${call}() while it is made`;
}

function sameColumns(node: Node, columns: readonly string[]): boolean {
  const elements =
    as(node, 'CreateStmt')?.tableElts ??
    as(node, 'CreateForeignTableStmt')?.base?.tableElts ??
    as(node, 'CompositeTypeStmt')?.coldeflist ??
    [];
  const found = all(elements, 'ColumnDef').map(({ colname }) => colname);
  return elements.length === found.length && JSON.stringify(found) === JSON.stringify(columns);
}

/** Whether expressions in it are worked out when it is made. */
function runs(node: Node): boolean {
  return ['CreateTableAsStmt', 'AlterTableStmt', 'IndexStmt', 'AlterDomainStmt', 'CreateStmt'].includes(
    kindOf(node) ?? '',
  );
}
