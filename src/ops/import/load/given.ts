import { type Cell, Refusal } from '../convert/value.ts';
import { importErrors } from '../errors.ts';
import type { SourceTable } from '../source/catalog.ts';
import { Unsound } from '../source/pages/file.ts';
import { KIND, type StoredRow } from '../source/pages/record.ts';
import { quoted, rowReader, rowsOf, type SourceDatabase, type SourceRow, written } from '../source/rows.ts';
import { storedRows } from '../source/stored.ts';
import type { Sending } from './sending.ts';
import { Tuples } from './tuples.ts';

/** A row of a file, by the places of the columns in {@link Sending}. */
export interface GivenRow {
  /** Writes a value behind what is there; null where it is NULL, and nothing was written. */
  readonly put: (at: number, to: Tuples) => Refusal | null | undefined;
  /** The value of a column of the file, by its place there, as it is written. */
  readonly written: (place: number) => string;
  readonly key: () => string;
}

/** Rows between two that SQLite is asked for, too. */
const STRIDE = 256;

/**
 * The rows of a table in their order, from its pages where all of them are there, else as SQLite reads them; what is given is
 * the same object each time. Throws {@link OpError} where the two do not agree.
 */
export function* givenRows(
  database: SourceDatabase,
  table: SourceTable,
  sending: Sending,
): Generator<GivenRow> {
  const places = sending.columns.map(({ source }) => table.columns.indexOf(source));
  const read = new ReadRow(places, sending);
  try {
    const stored = storedRows(database, table);
    if (stored === undefined) for (const row of rowsOf(database, table)) yield read.of(row);
    else yield* proven(database, table, stored, new PagedRow(places, sending), read);
  } catch (error) {
    throw error instanceof Unsound ? importErrors.unsound({ table: table.name, why: error.message }) : error;
  }
}

/** The rows of pages, of which SQLite is asked for some, and how many there are. */
function* proven(
  database: SourceDatabase,
  table: SourceTable,
  stored: Iterable<StoredRow>,
  given: PagedRow,
  read: ReadRow,
): Generator<GivenRow> {
  const isSame = comparer(database, table, read);
  let rows = 0;
  for (const row of stored) {
    given.of(row);
    if (rows++ % STRIDE === 0 && !isSame(given, row.rowid))
      throw new Unsound(`the row ${row.rowid} is another one to SQLite`);
    yield given;
  }
  const found = database.prepare(`SELECT count(*) AS rows FROM ${quoted(table.name)}`).get();
  if (found?.rows !== rows) throw new Unsound(`they have ${rows} rows, and SQLite finds ${found?.rows}`);
}

/** As SQLite reads it. */
class ReadRow implements GivenRow {
  readonly #places: readonly number[];
  readonly #puts: Sending['puts'];
  #row: SourceRow = { cells: [], key: () => '' };

  constructor(places: readonly number[], { puts }: Sending) {
    this.#places = places;
    this.#puts = puts;
  }

  of(row: SourceRow): this {
    this.#row = row;
    return this;
  }

  put(at: number, to: Tuples): Refusal | null | undefined {
    const cell = this.#row.cells[this.#places[at] ?? 0] ?? null;
    return cell === null || cell instanceof Refusal ? cell : this.#puts[at]?.(cell, to);
  }

  written(place: number): string {
    return textOf(this.#row.cells[place] ?? null);
  }

  key(): string {
    return this.#row.key();
  }
}

/** As it lies in its page. */
class PagedRow implements GivenRow {
  readonly #places: readonly number[];
  readonly #puts: Sending['storedPuts'];
  #row: StoredRow | undefined;

  constructor(places: readonly number[], { storedPuts }: Sending) {
    this.#places = places;
    this.#puts = storedPuts;
  }

  of(row: StoredRow): this {
    this.#row = row;
    return this;
  }

  get columns(): number {
    return this.#places.length;
  }

  put(at: number, to: Tuples): Refusal | null | undefined {
    const row = this.#row;
    const column = this.#places[at] ?? 0;
    if (row === undefined || row.kinds[column] === KIND.NULL) return null;
    return this.#puts[at]?.(row, column, to);
  }

  written(place: number): string {
    return textOf(this.#row?.cell(place) ?? null);
  }

  key(): string {
    return written(this.#row?.rowid ?? null);
  }
}

const textOf = (cell: Cell | Refusal): string => (cell instanceof Refusal ? '' : written(cell));

/** Tells whether SQLite has the same row: the bytes of each column, or what speaks against it. */
function comparer(database: SourceDatabase, table: SourceTable, read: ReadRow) {
  const rowOf = rowReader(database, table);
  const [mine, other] = [new Tuples(), new Tuples()];
  return (given: PagedRow, rowid: bigint): boolean => {
    const row = rowOf(rowid);
    if (row === undefined) return false;
    read.of(row);
    for (let at = 0; at < given.columns; at++) {
      mine.room(32);
      other.room(32);
      if (given.put(at, mine) !== read.put(at, other) || !mine.take().equals(other.take())) return false;
    }
    return given.key() === row.key();
  };
}
