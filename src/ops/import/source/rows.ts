import type { DatabaseSync } from 'node:sqlite';
import { boundYoungSpace } from '../../../hosts/young-space.ts';
import { type Cell, type Refusal, refusal } from '../convert/value.ts';
import type { SourceColumn, SourceTable } from './catalog.ts';

/** A database of SQLite that is open. */
export type SourceDatabase = DatabaseSync;

/** A row of a table: its cells in the order of the columns, perhaps more behind them, and what names it. */
export interface SourceRow {
  readonly cells: readonly (Cell | Refusal)[];
  /** The primary key, else the rowid, as it is written: `12`, `12, 'de'`. */
  readonly key: () => string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
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
  const names = columns.map(({ name }) => name);
  const keys = keyColumns(table, names);
  const statement = database.prepare(
    `SELECT ${[...names, ...keys.hidden].map(quoted).join(', ')} FROM ${quoted(table.name)} ORDER BY ${keys.order.map(quoted).join(', ')}`,
  );
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  const bytesOf = rawReader(database, table.name, keys.order);
  const places = keys.order.map((name) => [...names, ...keys.hidden].indexOf(name));
  let row: Cell[] = [];
  const key = () => places.map((at) => row[at] ?? null);
  // one for all rows: what is made for each costs as much as reading it
  const given: { cells: (Cell | Refusal)[]; readonly key: () => string } = {
    cells: row,
    key: () => key().map(written).join(', '),
  };
  let bounded = false;
  let rows = 0;
  for (row of statement.iterate() as unknown as Iterable<Cell[]>) {
    if (!bounded && ++rows % STRETCH === 0) bounded = boundYoungSpace();
    const cells: (Cell | Refusal)[] = row;
    for (let at = 0; at < names.length; at++) {
      const cell = row[at];
      if (typeof cell === 'string' && cell.includes(REPLACED) && !isUtf8(bytesOf(names[at] ?? '', key())))
        cells[at] = refusal('a text whose bytes are no UTF-8');
    }
    given.cells = cells;
    yield given;
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
  const taken = new Set(table.columns.map(({ name }) => name.toLowerCase()));
  const rowid = ['rowid', '_rowid_', 'oid'].find((name) => !taken.has(name));
  // all three names are taken: the key, which may hold NULL there
  if (rowid === undefined)
    return beside(table.primaryKey.length > 0 ? table.primaryKey : [...taken].slice(0, 1));
  return { order: [rowid], hidden: [rowid] };
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

function isUtf8(bytes: unknown): boolean {
  if (!(bytes instanceof Uint8Array)) return false;
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** A cell as a person reads it in a report. */
export function written(cell: Cell): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'string') return `'${cell.replaceAll("'", "''")}'`;
  return cell instanceof Uint8Array
    ? `x'${Buffer.from(cell.subarray(0, 32)).toString('hex')}'`
    : String(cell);
}
