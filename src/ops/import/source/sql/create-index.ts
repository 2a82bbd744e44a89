import { type Token, tokensOf } from './tokens.ts';

/** What the text of a CREATE INDEX says that the pragmas do not. */
export interface IndexText {
  /** What it is over, in its order: a column, or an expression without COLLATE, ASC and DESC. */
  readonly parts: readonly string[];
  /** Of a partial one: what its rows have. */
  readonly where: string | undefined;
}

/** Reads a CREATE INDEX as `sqlite_schema` has it; undefined for another text. */
export function readCreateIndex(sql: string): IndexText | undefined {
  const tokens = tokensOf(sql);
  const on = tokens.findIndex(({ kind, value }) => kind === 'word' && value === 'ON');
  const open = tokens.findIndex(({ kind }, at) => at > on && kind === 'open');
  if (on < 0 || open < 0) return undefined;
  const parts: Token[][] = [[]];
  let depth = 1;
  let at = open + 1;
  for (; at < tokens.length && depth > 0; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    if (token.kind === 'open') depth++;
    if (token.kind === 'close' && --depth === 0) continue;
    if (token.kind === 'comma' && depth === 1) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  const [where, first] = tokens.slice(at);
  const text = (part: readonly Token[]) => sql.slice(part[0]?.from ?? 0, part.at(-1)?.to ?? 0);
  return {
    parts: parts.map((part) => text(withoutOrder(part))),
    where: where?.value === 'WHERE' && first !== undefined ? sql.slice(first.from).trim() : undefined,
  };
}

function withoutOrder(part: readonly Token[]): readonly Token[] {
  const last = part.at(-1);
  if (last?.kind === 'word' && ['ASC', 'DESC'].includes(last.value)) return withoutOrder(part.slice(0, -1));
  const collate = part.at(-2);
  return collate?.kind === 'word' && collate.value === 'COLLATE' ? part.slice(0, -2) : part;
}
