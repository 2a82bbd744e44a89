import type { Node } from 'libpg-query';
import { as } from '../../sql/ast.ts';
import { type Parser, positionOf } from '../../sql/parser.ts';

/** A piece of a file. */
export interface Piece {
  readonly sql: string;
  readonly file: string;
  /** Line of its first character in the file, from 1. */
  readonly line: number;
}

/** One statement, cut out. */
export interface Cut {
  readonly sql: string;
  readonly line: number;
  readonly node: Node;
}

export type Split =
  | { readonly ok: true; readonly statements: readonly Cut[] }
  | { readonly ok: false; readonly error: string };

/** Lines at the end that can only be comments: none of their characters could end a string. */
const TRAILING_COMMENTS = /(?:\s*\n[ \t]*--[^\n'"$*]*)+\s*$/;

/** A longer text is read in parts of about this length: the parser needs a hundred times as much memory. */
const PART = 1024 * 1024;
/** A statement longer than this is not read. */
const LONGEST = 16 * PART;

/** Cuts a piece of SQL into its statements. */
export function split(parser: Parser, piece: Piece): Split {
  const statements: Cut[] = [];
  let at = 0;
  let line = piece.line;
  do {
    const part = nextPart(parser, { ...piece, sql: piece.sql.slice(at), line });
    if (!part.ok) return part;
    for (const cut of part.statements) statements.push(cut);
    line += newlines(piece.sql.slice(at, at + part.length));
    at += part.length;
  } while (at < piece.sql.length);
  return { ok: true, statements };
}

type PartSplit =
  | (Split & { readonly ok: false })
  | { readonly ok: true; readonly statements: readonly Cut[]; readonly length: number };

/**
 * The statements of the beginning of a piece, to a line that ends with a semicolon. It ends a statement when all before
 * it can be read and the last one ends there: in a string or a body it does not, and the part has to be longer.
 */
function nextPart(parser: Parser, piece: Piece): PartSplit {
  for (let size = PART; piece.sql.length > size; size *= 2) {
    const end = Math.max(piece.sql.lastIndexOf(';\n', size) + 2, piece.sql.lastIndexOf(';\r\n', size) + 3);
    const sql = piece.sql.slice(0, end);
    const parsed = end > 2 ? attempt(parser, sql) : undefined;
    if (parsed?.stmts?.at(-1)?.stmt_len) {
      const statements = cutsOf({ ...piece, sql }, parsed);
      return { ok: true, statements: statements.map(withoutRows), length: end };
    }
    if (size >= LONGEST) return tooLong(parser, { ...piece, sql: piece.sql.slice(0, size) });
  }
  try {
    return { ok: true, statements: cutsOf(piece, parser.parse(piece.sql)), length: piece.sql.length };
  } catch (error) {
    return { ok: false, error: syntaxError(parser, piece, error) };
  }
}

function attempt(parser: Parser, sql: string): ReturnType<Parser['parse']> | undefined {
  try {
    return parser.parse(sql);
  } catch {
    return undefined;
  }
}

/** What is wrong in a part that should have ended by now. */
function tooLong(parser: Parser, piece: Piece): PartSplit {
  try {
    parser.parse(piece.sql);
  } catch (error) {
    // an error at the end is of the cut
    if (offsetOf(piece.sql, positionOf(error)) < PART)
      return { ok: false, error: syntaxError(parser, piece, error) };
  }
  return {
    ok: false,
    error: `${piece.file}:${piece.line}: in the ${LONGEST / PART} MB from this line on no statement ends with its line; make several of it.`,
  };
}

/** Rows that are inserted are most of a long text, and their tree is many times as large: nobody looks at it. */
function withoutRows(cut: Cut): Cut {
  const insert = as(cut.node, 'InsertStmt');
  if (insert?.selectStmt === undefined || !as(insert.selectStmt, 'SelectStmt')?.valuesLists) return cut;
  const { selectStmt, ...rest } = insert;
  return { ...cut, node: { InsertStmt: rest } };
}

/** The parser counts bytes. */
function cutsOf(piece: Piece, parsed: ReturnType<Parser['parse']>): Cut[] {
  const bytes = Buffer.from(piece.sql);
  const statements: Cut[] = [];
  let at = 0;
  let line = piece.line;
  for (const { stmt, stmt_location: start = 0, stmt_len: length } of parsed.stmts ?? []) {
    if (stmt === undefined) continue;
    const end = length ? start + length : bytes.length;
    const text = bytes.toString('utf8', start, end);
    const skipped = leading(text);
    line += newlines(bytes.toString('utf8', at, start)) + newlines(text.slice(0, skipped));
    const sql = text.slice(skipped).replace(TRAILING_COMMENTS, '').trimEnd();
    statements.push({ sql, line, node: stmt });
    line += newlines(text.slice(skipped));
    at = end;
  }
  return statements;
}

/** Length of the blanks and comments at the start. */
export function leading(text: string): number {
  // a lone CR ends a comment, too
  const blank = /(?:\s+|--[^\r\n]*)/y;
  let at = 0;
  while (at < text.length) {
    blank.lastIndex = at;
    const rest = blank.exec(text);
    if (rest) at += rest[0].length;
    else if (text.startsWith('/*', at)) at = commentEnd(text, at);
    else if (text.charCodeAt(at) === 0xfeff) at += 1;
    else break;
  }
  return at;
}

/** Comments in C's style may be nested. */
function commentEnd(text: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}

export const newlines = (text: string): number => text.split('\n').length - 1;

function syntaxError(parser: Parser, piece: Piece, error: unknown): string {
  const offset = offsetOf(piece.sql, positionOf(error));
  const before = piece.sql.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const place = `${piece.file}:${piece.line + newlines(before)}:${[...before.slice(lineStart)].length + 1}`;
  const said = error instanceof Error ? error.message : String(error);
  return `${place}: ${foreign(parser, piece.sql, offset) ?? said}`;
}

/** What psql reads and the server does not. */
function foreign(parser: Parser, sql: string, offset: number): string | undefined {
  const rest = sql.slice(offset);
  const command = /^\\\S*/.exec(rest);
  if (command)
    return `${command[0]} is a command of psql, which the server does not know; write it as SQL, or run the file with psql.`;
  const [template] = /^(?:\$\{[^}\n]*\}|\{\{[^\n]*?\}\}|<%[^\n]*?%>)/.exec(rest) ?? [];
  if (template !== undefined)
    return `${template} is filled in by another program before the server sees it; write what it becomes.`;
  if (/^:['"{]?\w/.test(rest)) return `${/^:\S+/.exec(rest)?.[0]} is a variable of psql; write its value.`;
  const end = sql.lastIndexOf(';', offset);
  if (end < 0) return undefined;
  try {
    const last = parser.parse(sql.slice(0, end + 1)).stmts?.at(-1)?.stmt;
    return last && copiesFromClient(last) ? COPY : undefined;
  } catch {
    return undefined;
  }
}

const COPY =
  'COPY … FROM stdin with its data in the file is read by psql only; write INSERTs, or load the data apart.';

const copiesFromClient = (node: Node): boolean => {
  const copy = as(node, 'CopyStmt');
  return copy?.is_from === true && copy.filename === undefined;
};

/** Why a statement that the parser takes cannot be sent by itself; undefined when it can. */
export function notForServer(node: Node): string | undefined {
  if (copiesFromClient(node)) return COPY;
  const copy = as(node, 'CopyStmt');
  if (copy && copy.filename === undefined) return 'COPY … TO stdout gives rows to psql; leave it out.';
  return undefined;
}

/** Index in UTF-16 of a position in characters. */
function offsetOf(text: string, position: number): number {
  let offset = 0;
  for (let left = position; left > 0 && offset < text.length; left--)
    offset += (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
  return offset;
}
