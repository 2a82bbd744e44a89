import type { SourceColumn } from '../source/catalog.ts';

/** What a declared type means, by the words that people write there; SQLite itself knows only its affinity. */
export interface Declared {
  /** Names of ways, the one that is meant first; the next is for values that do not fit in it but are of its kind. */
  readonly ways: readonly string[];
  /** Its values decide, since nothing is declared, or nothing that is known. */
  readonly open: boolean;
}

const SIZE = /\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)/;

/** In this order: the first that fits is meant. */
const MEANT: readonly (readonly [RegExp, (first?: string, second?: string) => readonly string[]])[] = [
  [/^(BOOL|BOOLEAN)$|^TINYINT\s*\(\s*1\s*\)$/, () => ['boolean']],
  [/^(TIMESTAMP|DATETIME)/, () => ['timestamptz']],
  [/^DATE$/, () => ['date', 'timestamptz']],
  [/^TIME$/, () => ['time']],
  [/^JSONB?$/, () => ['jsonb']],
  [/^(UUID|GUID|UNIQUEIDENTIFIER)$/, () => ['uuid', 'text']],
  [/^(DECIMAL|NUMERIC|NUMBER|MONEY|CURRENCY)\b/, decimalWays],
  [/CHAR/, (length) => (length === undefined ? ['text'] : [`varchar(${length})`, 'text'])],
  [/CLOB|TEXT|STRING/, () => ['text']],
  [/BLOB|BYTEA|BINARY|IMAGE/, () => ['bytea']],
  [/REAL|FLOA|DOUB/, () => ['double', 'numeric']],
  [/\b(TINY|SMALL|MEDIUM|BIG)?INT(EGER)?\d?\b|SERIAL/, () => ['bigint']],
];

function decimalWays(precision?: string, scale?: string): readonly string[] {
  return precision === undefined ? ['numeric'] : [`numeric(${precision},${scale ?? 0})`, 'numeric'];
}

/** What the declaration of a column asks for. */
export function declaredWays({ declared }: Pick<SourceColumn, 'declared'>): Declared {
  const words = declared.trim().toUpperCase();
  const [, first, second] = SIZE.exec(words) ?? [];
  const meant = MEANT.find(([pattern]) => pattern.test(words));
  if (meant !== undefined) return { ways: meant[1](first, second), open: false };
  // the narrowest that takes every value; text takes nearly all
  return { ways: ['bigint', 'double', 'numeric', 'text', 'bytea'], open: true };
}
