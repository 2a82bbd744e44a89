import type { ParseResult, ScanToken, SqlError } from 'libpg-query';

/** PostgreSQL's own parser, once it is loaded. */
export interface Parser {
  /** Throws libpg-query's SqlError; see {@link positionOf}. */
  parse(sql: string): ParseResult;
  /** Undefined for what has no tokens: a string without an end. `text` is as it is in the SQL. */
  tokens(sql: string): readonly Pick<ScanToken, 'tokenName' | 'text'>[] | undefined;
}

let loading: Promise<Parser> | undefined;

/** Loads the parser (WebAssembly, 1.7 MB) when it is first needed. */
export function loadParser(): Promise<Parser> {
  loading ??= load();
  return loading;
}

/** The library answers in JSON that these would break. They take a byte each, as a blank does. */
const CONTROLS = /[\x01-\x08\x0b\x0c\x0e-\x1f]/g;

async function load(): Promise<Parser> {
  const { loadModule, parseSync, scanSync } = await import('libpg-query');
  await loadModule();
  return {
    // an empty text is refused by the library, and is no statement to the server
    parse: (sql) => (sql === '' ? { stmts: [] } : parseSync(sql)),
    tokens: (sql) => {
      if (sql === '') return [];
      const bytes = Buffer.from(sql);
      try {
        return scanSync(sql.replace(CONTROLS, ' ')).tokens.map(({ tokenName, start, end }) => ({
          tokenName,
          text: bytes.toString('utf8', start, end),
        }));
      } catch {
        return undefined;
      }
    },
  };
}

/** Where a text stopped being SQL: in characters (code points) from 0, as the server counts; 0 when it is not said. */
export function positionOf(error: unknown): number {
  return (error as SqlError).sqlDetails?.cursorPosition ?? 0;
}
