/** A word or number as it is, a quoted name without its quotes, a string as it is between its quotes, one character. */
export type TokenKind = 'word' | 'name' | 'string' | 'other';

/** What is told of what was read. */
export interface LexerListener {
  /** Every token; otherwise those outside parentheses only, strings and names without their text, no numbers. */
  readonly wants: boolean;
  /** It is `text` from `from` to `to`; nothing for what is too long to be a name or a setting. `depth` counts parentheses. */
  token(kind: TokenKind, text: Buffer, from: number, to: number, depth: number): void;
  /** A comment to the end of its line begins at the place that is read. */
  comment(): void;
  /** A semicolon that ends the statement; true when rows follow. `inner`: psql waits for the end of a parenthesis or block. */
  semicolon(inner: boolean): boolean;
  /** Bytes of rows below COPY; `rows` are line feeds. */
  data(rows: number, bytes: number): void;
  dataEnd(): void;
  /** A command of psql, to the end of its line; where in the whole it begins and ends. */
  command(line: string, from: number, to: number): void;
}

/** Something that psql would act on, or that its versions read differently. Never text of the rows. */
export class Refusal extends Error {
  readonly line: number;

  constructor(line: number, what: string) {
    super(what);
    this.line = line;
  }
}
