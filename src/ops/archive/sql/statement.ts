import type { ToText } from '../encoding.ts';
import type { TokenKind } from './lexer/listener.ts';

export interface Token {
  readonly kind: TokenKind;
  /** Words in lower case. */
  readonly text: string;
}

/** Tokens that tell what a statement does, and to what. */
const SOME = 24;
/** Of those that come most often, fewer do; a COPY is read whole: a table has 1,600 columns at most. */
const MORE: Readonly<Record<string, number>> = { insert: 5, copy: 6_000 };

/** The beginning of one statement, and what follows of it that matters. */
export class Statement {
  readonly tokens: Token[] = [];
  /** It names partitions: a table without rows of its own. */
  partitioned = false;
  /** ALTER TABLE … ADD CONSTRAINT. */
  constraint = false;
  /** Rows of INSERT … VALUES; null where they come from a query. */
  rows: number | null = null;
  #last = '';
  #values = false;
  #most = SOME;

  /** Further tokens matter. */
  get wants(): boolean {
    return this.tokens.length < this.#most;
  }

  /** The first words, in lower case: `create unlogged table`. */
  head(words: number): string {
    return this.tokens
      .slice(0, words)
      .map((token) => (token.kind === 'word' ? token.text : '?'))
      .join(' ');
  }

  add(kind: TokenKind, text: Buffer, from: number, to: number, depth: number, toText: ToText): void {
    if (depth === 0) this.#outside(kind, text, from, to);
    if (this.tokens.length >= this.#most) return;
    const said =
      to - from === 1 ? String.fromCharCode(text[from] as number) : toText(text.subarray(from, to));
    if (kind === 'word') {
      const word = lower(said);
      if (this.tokens.length === 0) this.#most = MORE[word] ?? SOME;
      this.tokens.push({ kind, text: word });
    } else this.tokens.push({ kind, text: kind === 'name' ? said.replaceAll('""', '"') : said });
  }

  /** What stands outside parentheses, at any distance from the beginning. */
  #outside(kind: TokenKind, text: Buffer, from: number, to: number): void {
    if (kind === 'other') {
      if (this.#values && text[from] === OPEN) this.rows = (this.rows ?? 0) + 1;
      return;
    }
    const word = kind === 'word' && to - from <= 10 ? text.toString('latin1', from, to).toLowerCase() : '';
    if (word === 'values' && this.tokens[0]?.text === 'insert') {
      this.#values = true;
      this.rows = this.#last === 'default' ? 1 : 0;
    } else if (word === 'on') this.#values = false;
    else if (word === 'by' && this.#last === 'partition') this.partitioned = true;
    else if (word === 'constraint' && this.#last === 'add') this.constraint = true;
    this.#last = word;
  }
}

const OPEN = 40;

/** As the server does: ASCII only. */
function lower(text: string): string {
  return /[A-Z]/.test(text) ? text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

/** `schema.name` or `name` at a place among the tokens; undefined when there is none. */
export function nameAt(
  tokens: readonly Token[],
  at: number,
): { schema: string | undefined; name: string; next: number } | undefined {
  const first = tokens[at];
  if (first === undefined || !isName(first)) return undefined;
  const second = tokens[at + 2];
  if (!is(tokens[at + 1], '.') || second === undefined || !isName(second))
    return { schema: undefined, name: first.text, next: at + 1 };
  return { schema: first.text, name: second.text, next: at + 3 };
}

function isName({ kind }: Token): boolean {
  return kind === 'word' || kind === 'name';
}

function is(token: Token | undefined, text: string): boolean {
  return token !== undefined && token.kind === 'other' && token.text === text;
}

/** The table of `COPY table (columns) FROM stdin`, as pg_dump writes it; undefined for any other COPY. */
export function copiedFromStdin(
  tokens: readonly Token[],
): { schema: string | undefined; name: string; columns: readonly string[] } | undefined {
  const table = nameAt(tokens, 1);
  if (table === undefined) return undefined;
  const columns: string[] = [];
  let at = table.next;
  if (is(tokens[at], '(')) {
    do {
      const column = tokens[++at];
      if (column === undefined || !isName(column)) return undefined;
      columns.push(column.text);
      at++;
    } while (is(tokens[at], ','));
    if (!is(tokens[at], ')')) return undefined;
    at++;
  }
  const [from, stdin, ...more] = tokens.slice(at);
  const words =
    from?.kind === 'word' && from.text === 'from' && stdin?.kind === 'word' && stdin.text === 'stdin';
  return words && more.length === 0 ? { schema: table.schema, name: table.name, columns } : undefined;
}

/** What a SET or RESET changes that decides how the text is read. */
export type Setting =
  | { readonly standard: boolean }
  | { readonly encoding: string }
  | { readonly path: string }
  /** It cannot be followed. */
  | 'unknown'
  | undefined;

const READ_BY = /^(standard_conforming_strings|client_encoding)$/;

/** The setting of a statement that begins with SET, RESET, DISCARD or SELECT set_config. */
export function settingOf(statement: Statement): Setting {
  const { tokens } = statement;
  const [verb, ...rest] = tokens;
  if (verb?.kind !== 'word') return undefined;
  if (verb.text === 'discard') return 'unknown';
  if (verb.text === 'select') return configOf(tokens);
  if (verb.text !== 'set' && verb.text !== 'reset') return undefined;
  const mentions = rest.some(({ kind, text }) => kind !== 'string' && READ_BY.test(lower(text)));
  if (verb.text === 'reset') return mentions || rest[0]?.text === 'all' ? 'unknown' : undefined;
  if (rest[0]?.text === 'names') return 'unknown';
  const [name, equals, value, ...more] = rest;
  if (name?.kind === 'word' && name.text === 'search_path' && value !== undefined && isName(value))
    return { path: value.text };
  if (!mentions) return undefined;
  const plain = name?.kind === 'word' && (is(equals, '=') || equals?.text === 'to') && more.length === 0;
  if (!plain || value === undefined) return 'unknown';
  if (name.text === 'client_encoding')
    return value.kind === 'string' && value.text !== '' ? { encoding: value.text } : 'unknown';
  if (name.text !== 'standard_conforming_strings') return 'unknown';
  if (/^(on|off)$/.test(value.text)) return { standard: value.text === 'on' };
  return 'unknown';
}

/** `SELECT pg_catalog.set_config('search_path', '', false)`. */
function configOf(tokens: readonly Token[]): Setting {
  if (!tokens.some(({ kind, text }) => kind === 'word' && text === 'set_config')) return undefined;
  const [first, second] = tokens.filter(({ kind }) => kind === 'string');
  if (first === undefined) return 'unknown';
  if (lower(first.text) === 'search_path') return { path: second?.text ?? '' };
  return tokens.some(({ kind, text }) => kind === 'string' && READ_BY.test(lower(text)))
    ? 'unknown'
    : undefined;
}
