import type { Node } from 'libpg-query';
import { all, as } from '../../../sql/ast.ts';
import type { Parser } from '../../../sql/parser.ts';

/** Whether a text is one expression and nothing besides, however it is put between parentheses. */
export function isExpression(parser: Parser, text: string): boolean {
  const value = only(parser, `SELECT (${text}\n)`);
  return value !== undefined;
}

/** Whether a text is one type and nothing besides. */
export function isType(parser: Parser, text: string): boolean {
  const value = only(parser, `SELECT CAST(NULL AS ${text}\n)`);
  return as(as(value, 'TypeCast')?.arg, 'A_Const')?.isnull === true;
}

/** What a SELECT of one value, and of nothing else, yields. */
function only(parser: Parser, sql: string): Node | undefined {
  let stmts: { stmt?: Node }[] | undefined;
  try {
    ({ stmts } = parser.parse(sql));
  } catch {
    return undefined;
  }
  const [first, second] = stmts ?? [];
  const select = as(first?.stmt, 'SelectStmt');
  if (select === undefined || second !== undefined) return undefined;
  const { targetList, limitOption, op, ...more } = select;
  if (Object.keys(more).length > 0 || op !== 'SETOP_NONE' || limitOption !== 'LIMIT_OPTION_DEFAULT')
    return undefined;
  const [target, other] = all(targetList, 'ResTarget');
  if (other !== undefined || target?.name !== undefined) return undefined;
  return target?.val;
}
