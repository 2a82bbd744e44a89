import { cleanLine } from '../../text/clean.ts';

export type Row = Readonly<Record<string, unknown>>;

/** One column of a list. `key` is its name in JSON and CSV. */
export interface OutputColumn {
  readonly key: string;
  /** The heading of the text table; the key when absent. */
  readonly title?: string;
  readonly align?: 'left' | 'right';
  /** The value as people read it, in the text table only. */
  readonly show?: (value: unknown, row: Row) => string;
  /** It is what the row is called by: a narrow terminal does not cut it. */
  readonly whole?: boolean;
  /** A terminal that has no room for all is not shown it; the list in JSON has it. */
  readonly spare?: boolean;
  /** Its text is made by pgdeck and holds nothing of the server's: it is not cleaned. */
  readonly own?: boolean;
}

/** Rows of a view with when and where they were read. */
export interface Listing {
  /** The server's clock, ISO 8601. */
  readonly at: string;
  /** `user@host:port/database`. */
  readonly server: string;
  readonly columns: readonly OutputColumn[];
  readonly rows: readonly Row[];
}

/** JSON; for a terminal indented and cleaned, since a terminal acts on characters that JSON does not escape. */
export function jsonText(value: unknown, terminal: boolean, indent = terminal ? 2 : 0): string {
  return JSON.stringify(value, (_key, part: unknown) => plain(part, terminal), indent);
}

/** CSV of RFC 4180 with a header line; null is an empty field, an empty text is `""`. */
export function csvText({ columns, rows }: Pick<Listing, 'columns' | 'rows'>, terminal: boolean): string {
  const lines = rows.map((row) => columns.map(({ key }) => csvField(row[key], terminal)));
  return [columns.map(({ key }) => csvField(key, terminal)), ...lines]
    .map((fields) => `${fields.join(',')}\r\n`)
    .join('');
}

function csvField(value: unknown, terminal: boolean): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? jsonText(value, terminal, 0) : String(plain(value, terminal));
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function plain(value: unknown, terminal: boolean): unknown {
  if (typeof value === 'bigint') return value.toString();
  return terminal && typeof value === 'string' ? cleanLine(value) : value;
}
