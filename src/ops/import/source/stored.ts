import type { DatabaseSync } from 'node:sqlite';
import type { Cell } from '../convert/value.ts';
import type { SourceTable } from './catalog.ts';
import { PageFile } from './pages/file.ts';
import { type RecordColumns, StoredRow } from './pages/record.ts';
import { rowsOfTree } from './pages/tree.ts';
import { quoted, rowidOf } from './rows.ts';

/**
 * The rows of a table of a copy as they lie in its pages, in the order of {@link rowsOf}; what is given is the same object each
 * time. Undefined for a table of which that is not all: without rowids, with columns that are generated, or in UTF-16.
 */
export function storedRows(database: DatabaseSync, table: SourceTable): Generator<StoredRow> | undefined {
  const path = database.location();
  const root = rootOf(database, table);
  const rowid = rowidOf(table);
  if (path === null || root === undefined || rowid === undefined) return undefined;
  if (table.withoutRowid || table.columns.some(({ generated }) => generated !== undefined)) return undefined;
  const file = new PageFile(path);
  if (file.utf8) return readAll(file, root, new StoredRow(columnsOf(database, table, rowid)));
  file.close();
  return undefined;
}

function* readAll(file: PageFile, root: number, row: StoredRow): Generator<StoredRow> {
  try {
    for (const stored of rowsOfTree(file, root)) {
      row.read(stored);
      yield row;
    }
  } finally {
    file.close();
  }
}

function rootOf(database: DatabaseSync, { name }: SourceTable): number | undefined {
  const [found] = database
    .prepare("SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?")
    .all(name);
  return found === undefined ? undefined : Number(found.rootpage);
}

function columnsOf(database: DatabaseSync, table: SourceTable, rowid: string): RecordColumns {
  const later = new Map<number, Cell>();
  return {
    count: table.columns.length,
    rowid: table.columns.findIndex(({ name }) => name === table.rowid),
    real: table.columns.map(({ declared }) => isReal(declared)),
    // the default that it got with the column, which is the same in all rows that are older
    later: (column, row) => {
      const known = later.get(column);
      if (known !== undefined) return known;
      const name = quoted(table.columns[column]?.name ?? '');
      const statement = database.prepare(
        `SELECT ${name} AS value FROM ${quoted(table.name)} WHERE ${quoted(rowid)} = ?`,
      );
      statement.setReadBigInts(true);
      const { value } = statement.get(row) as { value: Cell };
      later.set(column, value);
      return value;
    },
  };
}

/** The words of https://www.sqlite.org/datatype3.html, in their order. */
const isReal = (declared: string): boolean =>
  !/INT|CHAR|CLOB|TEXT|BLOB/i.test(declared) && /REAL|FLOA|DOUB/i.test(declared);
