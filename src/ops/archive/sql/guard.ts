import { cleanLine } from '../../../text/clean.ts';
import { encodingNamed, type ToText } from '../encoding.ts';
import { type LexerListener, Refusal, type TokenKind } from './lexer/listener.ts';
import { Place } from './lexer/place.ts';
import { PsqlLexer } from './lexer.ts';
import { copiedFromStdin, Statement, settingOf } from './statement.ts';
import { type Dumped, Tally } from './tally.ts';

export { Refusal } from './lexer/listener.ts';

/** Bytes of the text that psql must not get: from, to. */
export type Cut = readonly [from: number, to: number];

/** Where the rows of a table begin: the head of its COPY. */
export interface RowsHead {
  readonly schema: string;
  readonly name: string;
  /** Empty when all are meant. */
  readonly columns: readonly string[];
  /** Of the rows; undefined where the text does not say it. */
  readonly encoding: string | undefined;
  /** On which it ends: names may hold line feeds. */
  readonly line: number;
  /** Bytes of the whole: from its first to behind its semicolon. */
  readonly bytes: Cut;
}

/** Commands of psql that pg_dump writes itself: what is between them, psql takes no other command of. */
const RESTRICT = /^\\(?:un)?restrict [A-Za-z0-9]+\s*$/;
/** What is no part of a database. */
const CLUSTER =
  /^(?:(?:create|alter|drop) (?:database|role|user|group|tablespace)(?! mapping)|alter system)\b/;
const SHOWN = 60;

/**
 * Reads the SQL of a dump and refuses what would reach beyond the database that it is loaded into: every command of
 * psql (pg_dump writes none but `\restrict` and `\unrestrict`, which are noted as {@link SqlGuard.cuts}), every COPY that
 * does not read the rows below it, and statements about databases, roles and tablespaces. Throws {@link Refusal}.
 */
export class SqlGuard implements LexerListener {
  readonly #place = new Place();
  readonly #lexer = new PsqlLexer(this, this.#place);
  readonly #tally = new Tally();
  #statement = new Statement();
  #toText: ToText = encodingNamed(undefined);
  /** A semicolon has just come, or nothing yet. */
  #fresh = true;
  readonly cuts: Cut[] = [];
  readonly heads: RowsHead[] = [];
  #encoding: string | undefined;
  /** Byte at which the statement begins. */
  #begin = 0;

  /** Bytes at which comments to the end of their line begin; undefined unless they were asked for. */
  readonly comments: Set<number> | undefined;

  constructor({ comments = false }: { comments?: boolean } = {}) {
    this.comments = comments ? new Set() : undefined;
  }

  get wants(): boolean {
    return this.#statement.wants;
  }

  write(piece: Buffer): void {
    this.#lexer.write(piece);
  }

  /** What was read, in bytes: all of it may go to psql. */
  get consumed(): number {
    return this.#lexer.consumed;
  }

  /** Line of the first thing whose reading hangs on a setting; undefined without any. */
  get doubt(): number | undefined {
    return this.#lexer.doubt;
  }

  end(): Dumped {
    this.#lexer.end();
    return this.#tally.end();
  }

  /** The table whose rows have no end yet. */
  get unfinished(): { schema: string; name: string } | undefined {
    return this.#lexer.inData ? this.#tally.copying : undefined;
  }

  token(kind: TokenKind, text: Buffer, from: number, to: number, depth: number): void {
    if (this.#fresh) {
      this.#fresh = false;
      const copies = to - from === 4 && kind === 'word' && /^copy$/i.test(text.toString('latin1', from, to));
      // within a parenthesis or a body psql may see other ends than the server
      if (copies && this.#statement.tokens.length > 0)
        throw this.#lexer.refusal('a COPY within another statement');
    }
    if (this.#statement.tokens.length === 0) this.#begin = this.#place.position;
    this.#statement.add(kind, text, from, to, depth, this.#toText);
  }

  comment(): void {
    this.comments?.add(this.#place.position);
  }

  semicolon(inner: boolean): boolean {
    this.#fresh = true;
    if (inner) return false;
    const statement = this.#statement;
    this.#statement = new Statement();
    const { tokens } = statement;
    if (tokens.length === 0) return false;
    if (tokens[0]?.kind === 'word' && tokens[0].text === 'copy') {
      const table = copiedFromStdin(tokens);
      if (table === undefined)
        throw this.#lexer.refusal(
          `${shown(tokens.map(({ text }) => text).join(' '))}: only COPY … FROM stdin is loaded`,
        );
      this.#tally.copy(table);
      this.heads.push({
        ...table,
        schema: table.schema ?? this.#tally.path,
        encoding: this.#encoding,
        line: this.#lexer.line,
        bytes: [this.#begin, this.#place.position + 1],
      });
      return true;
    }
    if (tokens[0]?.text === 'insert') {
      this.#tally.statement(statement);
      return false;
    }
    if (CLUSTER.test(statement.head(3)))
      throw this.#lexer.refusal(shown(tokens.map(({ text }) => text).join(' ')));
    this.#settings(statement);
    this.#tally.statement(statement);
    return false;
  }

  data(rows: number, bytes: number): void {
    this.#tally.data(rows, bytes);
  }

  dataEnd(): void {}

  command(line: string, from: number, to: number): void {
    if (!RESTRICT.test(line) || this.#statement.tokens.length > 0) throw this.#lexer.refusal(shown(line));
    this.cuts.push([from, to]);
  }

  #settings(statement: Statement): void {
    const setting = settingOf(statement);
    if (setting === undefined) return;
    if (setting === 'unknown')
      throw this.#lexer.refusal(
        `${shown(statement.tokens.map(({ text }) => text).join(' '))}: it changes how the rest is read`,
      );
    if ('path' in setting) this.#tally.path = setting.path;
    else if ('standard' in setting) this.#lexer.set({ standard: setting.standard });
    else {
      this.#lexer.set({ encoding: setting.encoding });
      this.#encoding = setting.encoding;
      this.#toText = encodingNamed(setting.encoding);
    }
  }
}

function shown(text: string): string {
  const line = cleanLine(text.split('\n', 1)[0] ?? '').trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line;
}

/** What psql would act on in a text that is SQL; undefined when there is nothing. */
export function refusalIn(sql: string): Refusal | undefined {
  const guard = new SqlGuard();
  try {
    guard.write(Buffer.from(sql));
    guard.end();
    return guard.unfinished === undefined && guard.cuts.length === 0
      ? undefined
      : new Refusal(1, 'a command of psql');
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
