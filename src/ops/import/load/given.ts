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
  /** A value as it is written. */
  readonly written: (at: number) => string;
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
  const stored = storedRows(database, table);
  if (stored === undefined) {
    const given = new ReadRow(places, sending);
    for (const row of rowsOf(database, table)) yield given.of(row);
    return;
  }
  const given = new PagedRow(places, sending);
  const compared = comparer(database, table, new ReadRow(places, sending), places.length);
  let rows = 0;
  try {
    for (const row of stored) {
      given.of(row);
      if (rows++ % STRIDE === 0 && !compared(given, row.rowid))
        throw new Unsound(`the row ${row.rowid} of ${table.name} is another one to SQLite`);
      yield given;
    }
  } catch (error) {
    throw error instanceof Unsound ? importErrors.unsound({ table: table.name, why: error.message }) : error;
  }
  const found = database.prepare(`SELECT count(*) AS rows FROM ${quoted(table.name)}`).get();
  if (found?.rows !== rows)
    throw importErrors.unsound({
      table: table.name,
      why: `it has ${rows} rows, and SQLite finds ${found?.rows}`,
    });
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

  #cell(at: number): Cell | Refusal {
    return this.#row.cells[this.#places[at] ?? 0] ?? null;
  }

  put(at: number, to: Tuples): Refusal | null | undefined {
    const cell = this.#cell(at);
    return cell === null || cell instanceof Refusal ? cell : this.#puts[at]?.(cell, to);
  }

  written(at: number): string {
    return textOf(this.#cell(at));
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

  put(at: number, to: Tuples): Refusal | null | undefined {
    const row = this.#row;
    const column = this.#places[at] ?? 0;
    if (row === undefined || row.kinds[column] === KIND.NULL) return null;
    return this.#puts[at]?.(row, column, to);
  }

  written(at: number): string {
    return textOf(this.#row?.cell(this.#places[at] ?? 0) ?? null);
  }

  key(): string {
    return written(this.#row?.rowid ?? null);
  }
}

const textOf = (cell: Cell | Refusal): string => (cell instanceof Refusal ? '' : written(cell));

/** Tells whether SQLite has the same row: the bytes of each column, or what speaks against it. */
function comparer(database: SourceDatabase, table: SourceTable, read: ReadRow, columns: number) {
  const rowOf = rowReader(database, table);
  const [mine, other] = [new Tuples(), new Tuples()];
  return (given: GivenRow, rowid: bigint): boolean => {
    const row = rowOf(rowid);
    if (row === undefined) return false;
    read.of(row);
    for (let at = 0; at < columns; at++) {
      mine.room(32);
      other.room(32);
      if (given.put(at, mine) !== read.put(at, other) || !mine.take().equals(other.take())) return false;
    }
    return given.key() === row.key();
  };
}
