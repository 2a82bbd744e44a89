import type { Section } from '../../sql/statement.ts';

/** What may stand between a statement and its semicolon. */
const REST = /(?:\s|--[^\n]*|\/\*[\s\S]*?\*\/)*;?/y;

/**
 * A file in the parts that the Supabase CLI keeps of it: to the semicolon that ends a statement, with the comments
 * before it, trimmed (its `pkg/parser/token.go`).
 */
export function statementsOf({ sql, statements }: Section): string[] {
  const parts: string[] = [];
  let at = 0;
  for (const statement of statements) {
    const found = sql.indexOf(statement.sql, at);
    if (found < 0) continue;
    REST.lastIndex = found + statement.sql.length;
    const next = REST.lastIndex + (REST.exec(sql)?.[0].length ?? 0);
    parts.push(sql.slice(at, next));
    at = next;
  }
  parts.push(sql.slice(at));
  return parts.map((part) => part.replace(/;+$/, '').trim()).filter((part) => part !== '');
}
