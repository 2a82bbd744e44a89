import { isUtf8 } from 'node:buffer';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { boundYoungSpace } from '../../../hosts/young-space.ts';
import { type Cell, NO_UTF8, type Refusal, refusal } from '../convert/value.ts';
import type { SourceColumn, SourceTable } from './catalog.ts';

/** A database of SQLite that is open. */
export type SourceDatabase = DatabaseSync;

/** A row of a table: its cells in the order of the columns, perhaps more behind them, and what names it. */
export interface SourceRow {
  readonly cells: readonly (Cell | Refusal)[];
  /** The primary key, else the rowid, as it is written: `12`, `12, 'de'`. */
  readonly key: () => string;
}

/** What bytes that are no UTF-8 are read as; it may also stand there itself. */
const REPLACED = '\ufffd';

/** Rows between two looks at the memory. */
const STRETCH = 2_000;

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * The rows of a table in the order of its key, of all columns or of some; what is given is the same object each time. A text
 * that is no UTF-8 is not believed: its cell is refused.
 */
export function* rowsOf(
  database: DatabaseSync,
  table: SourceTable,
  columns: readonly SourceColumn[] = table.columns,
): Generator<SourceRow> {
  const keys = keyColumns(
    table,
    columns.map(({ name }) => name),
  );
  const reader = new Reader(database, table, columns, keys);
  let bounded = false;
  let rows = 0;
  for (const row of reader.statement(`ORDER BY ${keys.order.map(quoted).join(', ')}`).iterate()) {
    if (!bounded && ++rows % STRETCH === 0) bounded = boundYoungSpace();
    yield reader.given(row as unknown as Cell[]);
  }
}

/** Answers what reads one row of a table that has rowids; what is given is the same object each time. */
export function rowReader(
  database: DatabaseSync,
  table: SourceTable,
): (rowid: bigint) => SourceRow | undefined {
  const rowid = rowidOf(table) ?? '';
  const keys = keyColumns(
    table,
    table.columns.map(({ name }) => name),
  );
  const reader = new Reader(database, table, table.columns, keys);
  const statement = reader.statement(`WHERE ${quoted(rowid)} = ?`);
  return (number) => {
    const row = statement.get(number);
    return row === undefined ? undefined : reader.given(row as unknown as Cell[]);
  };
}

type Keys = ReturnType<typeof keyColumns>;

/** What SQLite answers, as rows. */
class Reader {
  readonly #database: DatabaseSync;
  readonly #table: SourceTable;
  readonly #names: readonly string[];
  readonly #hidden: readonly string[];
  readonly #places: readonly number[];
  readonly #bytesOf: ReturnType<typeof rawReader>;
  #row: readonly Cell[] = [];
  // one for all rows: what is made for each costs as much as reading it
  readonly #given: { cells: (Cell | Refusal)[]; readonly key: () => string };

  constructor(
    database: DatabaseSync,
    table: SourceTable,
    columns: readonly SourceColumn[],
    { order, hidden }: Keys,
  ) {
    this.#database = database;
    this.#table = table;
    this.#names = columns.map(({ name }) => name);
    this.#hidden = hidden;
    this.#places = order.map((name) => [...this.#names, ...hidden].indexOf(name));
    this.#bytesOf = rawReader(database, table.name, order);
    this.#given = { cells: [], key: () => this.#key().map(written).join(', ') };
  }

  /** Of the columns, with what names a row behind them. */
  statement(rest: string): StatementSync {
    const list = [...this.#names, ...this.#hidden].map(quoted).join(', ');
    const statement = this.#database.prepare(`SELECT ${list} FROM ${quoted(this.#table.name)} ${rest}`);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    return statement;
  }

  given(row: Cell[]): SourceRow {
    this.#row = row;
    const cells: (Cell | Refusal)[] = row;
    for (let at = 0; at < this.#names.length; at++) {
      const cell = row[at];
      if (typeof cell !== 'string' || !cell.includes(REPLACED)) continue;
      if (!isText(this.#bytesOf(this.#names[at] ?? '', this.#key()))) cells[at] = refusal(NO_UTF8);
    }
    this.#given.cells = cells;
    return this.#given;
  }

  #key(): Cell[] {
    return this.#places.map((at) => this.#row[at] ?? null);
  }
}

/** What names a row, and what of that is no column of its own. */
function keyColumns(
  table: SourceTable,
  read: readonly string[],
): {
  readonly order: readonly string[];
  readonly hidden: readonly string[];
} {
  const beside = (order: readonly string[]) => ({
    order,
    hidden: order.filter((name) => !read.includes(name)),
  });
  if (table.primaryKey.length > 0 && (table.withoutRowid || table.rowid !== undefined))
    return beside(table.primaryKey);
  const rowid = rowidOf(table);
  // all three names are taken: the key, which may hold NULL there
  if (rowid === undefined)
    return beside(
      table.primaryKey.length > 0 ? table.primaryKey : table.columns.slice(0, 1).map(({ name }) => name),
    );
  return { order: [rowid], hidden: [rowid] };
}

/** A name that means the number of a row; undefined where columns have taken all of them. */
export function rowidOf({ rowid, columns }: SourceTable): string | undefined {
  const taken = new Set(columns.map(({ name }) => name.toLowerCase()));
  return rowid ?? ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
}

/** Reads one cell again as the bytes that it is. */
function rawReader(database: DatabaseSync, table: string, keys: readonly string[]) {
  const where = keys.map((name) => `${quoted(name)} IS ?`).join(' AND ');
  return (column: string, key: readonly Cell[]): unknown => {
    const [row] = database
      .prepare(`SELECT CAST(${quoted(column)} AS BLOB) AS bytes FROM ${quoted(table)} WHERE ${where}`)
      .all(...key);
    return (row as { bytes?: unknown } | undefined)?.bytes;
  };
}

const isText = (bytes: unknown): boolean => bytes instanceof Uint8Array && isUtf8(bytes);

/** A cell as a person reads it in a report. */
export function written(cell: Cell): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'string') return `'${cell.replaceAll("'", "''")}'`;
  return cell instanceof Uint8Array
    ? `x'${Buffer.from(cell.subarray(0, 32)).toString('hex')}'`
    : String(cell);
}
