import { quoteIdent, quoteLiteral } from '../../../db/ident.ts';
import { as } from '../../sql/ast.ts';
import { loadParser } from '../../sql/parser.ts';
import { type Token, tokensOf } from '../source/sql/tokens.ts';

/** The same in SQL of PostgreSQL, or why there is none. */
export type Translated = { readonly sql: string } | { readonly why: string };

/** What the columns of a table are called and are in PostgreSQL, by their names in lower case. */
export type Columns = ReadonlyMap<string, { readonly name: string; readonly type: string }>;

/** Functions that mean the same in both, and those that are called otherwise. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  ...{ LENGTH: 'length', LOWER: 'lower', UPPER: 'upper', ABS: 'abs', ROUND: 'round', SIGN: 'sign' },
  ...{ COALESCE: 'coalesce', IFNULL: 'coalesce', NULLIF: 'nullif', REPLACE: 'replace', INSTR: 'strpos' },
  ...{ TRIM: 'btrim', LTRIM: 'ltrim', RTRIM: 'rtrim', SUBSTR: 'substr', SUBSTRING: 'substr' },
  ...{ CEIL: 'ceil', FLOOR: 'floor', SQRT: 'sqrt', CONCAT: 'concat' },
};
/** Words before a parenthesis that call nothing. */
const NO_CALL = new Set([
  'AND',
  'OR',
  'NOT',
  'IN',
  'CASE',
  'WHEN',
  'THEN',
  'ELSE',
  'BETWEEN',
  'LIKE',
  'IS',
  'CAST',
  'AS',
]);
/** What PostgreSQL has not, or has and means otherwise. */
const OTHERWISE = new Set(['GLOB', 'MATCH', 'REGEXP', 'COLLATE', 'RAISE', 'SELECT', 'ISNULL', 'NOTNULL']);
const SAME: Readonly<Record<string, string>> = { '==': '=' };
const COMPARES = new Set(['=', '==', '!=', '<>']);
const CAST_TYPES: Readonly<Record<string, string>> = {
  ...{
    INTEGER: 'bigint',
    INT: 'bigint',
    REAL: 'double precision',
    TEXT: 'text',
    NUMERIC: 'numeric',
    BLOB: 'bytea',
  },
};

/**
 * An expression of SQLite for PostgreSQL: names in quotes, 0 and 1 beside a boolean as what they mean, functions by their
 * name there. It can be parsed; whether the server takes it shows when it is made.
 */
export async function translate(expression: string, columns: Columns): Promise<Translated> {
  const tokens = tokensOf(expression);
  const parts: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined) break;
    const bool = booleanAt(tokens, at, columns);
    const part = bool ?? one(token, tokens, at, columns);
    if (typeof part !== 'string') return part;
    parts.push(part);
  }
  const sql = parts.join(' ').replaceAll('( ', '(').replaceAll(' )', ')').replaceAll(' ,', ',');
  return (await parses(sql)) ? { sql } : { why: 'PostgreSQL does not read it' };
}

async function parses(expression: string): Promise<boolean> {
  const parser = await loadParser();
  try {
    const { stmts = [] } = parser.parse(`SELECT (${expression})`);
    const select = as(stmts[0]?.stmt, 'SelectStmt');
    return stmts.length === 1 && select?.targetList?.length === 1 && select.fromClause === undefined;
  } catch {
    return false;
  }
}

function one(token: Token, tokens: readonly Token[], at: number, columns: Columns): string | { why: string } {
  const next = tokens[at + 1];
  switch (token.kind) {
    case 'string':
      return quoteLiteral(token.value).trim();
    case 'blob':
      return `'\\x${token.value}'::bytea`;
    case 'number':
      return /^0x/i.test(token.value) ? BigInt(token.value).toString() : token.value;
    case 'name': {
      const column = columns.get(token.value.toLowerCase());
      if (column !== undefined) return quoteIdent(column.name);
      // SQLite takes what is in double quotes and names no column for a string
      return token.text.startsWith('"')
        ? quoteLiteral(token.value).trim()
        : { why: `${token.value} is no column` };
    }
    case 'word':
      return word(token, tokens[at - 1], next, columns);
    default:
      return SAME[token.text] ?? token.text;
  }
}

function word(
  token: Token,
  before: Token | undefined,
  next: Token | undefined,
  columns: Columns,
): string | { why: string } {
  const calls = next?.kind === 'open';
  const column = calls ? undefined : columns.get(token.text.toLowerCase());
  if (column !== undefined) return quoteIdent(column.name);
  // without regard to case, of ASCII at least
  if (token.value === 'LIKE') return 'ILIKE';
  if (OTHERWISE.has(token.value))
    return { why: `${token.value} means something else, or nothing, in PostgreSQL` };
  if (before?.value === 'AS') {
    const type = CAST_TYPES[token.value];
    return type ?? { why: `a cast to ${token.text}` };
  }
  if (!calls || NO_CALL.has(token.value)) return token.value;
  return FUNCTIONS[token.value] ?? { why: `the function ${token.text.toLowerCase()}() of SQLite` };
}

/** 0 and 1 that a boolean is compared with: `active = 1`, `1 = active`, `active IN (0, 1)`. */
function booleanAt(tokens: readonly Token[], at: number, columns: Columns): string | undefined {
  const token = tokens[at];
  if (token?.kind !== 'number' || (token.value !== '0' && token.value !== '1')) return undefined;
  const isBoolean = (other: Token | undefined) =>
    (other?.kind === 'word' || other?.kind === 'name') &&
    columns.get((other.kind === 'word' ? other.text : other.value).toLowerCase())?.type === 'boolean';
  const compares = (other: Token | undefined) =>
    other !== undefined && (COMPARES.has(other.text) || other.value === 'IS');
  const not = tokens[at - 1]?.value === 'NOT' && tokens[at - 2]?.value === 'IS' ? 1 : 0;
  const found =
    (compares(tokens[at - 1 - not]) && isBoolean(tokens[at - 2 - not])) ||
    (compares(tokens[at + 1]) && isBoolean(tokens[at + 2])) ||
    isBoolean(listOwner(tokens, at));
  if (!found) return undefined;
  return token.value === '1' ? 'true' : 'false';
}

/** What is before the IN whose list of numbers this one is in. */
function listOwner(tokens: readonly Token[], at: number): Token | undefined {
  let open = at;
  while (open > 0 && tokens[open]?.kind !== 'open') {
    const kind = tokens[open]?.kind;
    if (kind !== 'number' && kind !== 'comma') return undefined;
    open--;
  }
  if (tokens[open - 1]?.value !== 'IN') return undefined;
  return tokens[open - 2]?.value === 'NOT' ? tokens[open - 3] : tokens[open - 2];
}
