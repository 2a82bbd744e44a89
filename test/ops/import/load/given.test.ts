import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { howOf } from '../../../../src/ops/import/convert/how.ts';
import { givenRows } from '../../../../src/ops/import/load/given.ts';
import { sendingOf } from '../../../../src/ops/import/load/sending.ts';
import { readCatalog } from '../../../../src/ops/import/source/catalog.ts';
import { sqliteFile } from '../stage.ts';

let database: DatabaseSync | undefined;
afterEach(() => database?.close());

/** The rows of a table whose texts are sent as such, after SQLite has read it and `change` has changed the file behind its back. */
function given(sql: string, change = (bytes: Buffer) => bytes): number {
  const path = sqliteFile(sql);
  database = new DatabaseSync(path, { readOnly: true });
  const [table] = readCatalog(database).tables;
  const how = howOf('text');
  if (table === undefined || how === undefined) throw new Error('no table');
  database.prepare('SELECT * FROM t').all();
  writeFileSync(path, change(readFileSync(path)));
  const columns = table.columns.map((source) => ({
    ...{ source, name: source.name, how, notNull: false, standard: undefined, generated: undefined },
  }));
  const shaped = {
    source: table,
    schema: 'public',
    name: 't',
    columns,
    identity: undefined,
    later: [],
    manual: [],
  };
  return [...givenRows(database, table, sendingOf(shaped, new Set()))].length;
}

const ROWS = "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('first'), ('second'), ('third');";

test('rows are given once, in either way', () => {
  expect(given(ROWS)).toBe(3);
  database?.close();
  expect(given(ROWS.replace('TEXT', 'TEXT, b AS (a)').replaceAll('INTO t', 'INTO t (a)'))).toBe(3);
});

test('a page that SQLite reads otherwise is found out', () => {
  const other = (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('first', 'FIRST'), 'latin1');
  expect(() => given(ROWS, other)).toThrow(
    /^The pages of t are not what SQLite reads: the row 1 is another one to SQLite/,
  );
});

test('rows that are missing in a page are found out', () => {
  const fewer = (bytes: Buffer) => {
    bytes.writeUInt16BE(2, 4096 + 3);
    return bytes;
  };
  expect(() => given(ROWS, fewer)).toThrow(/they have 2 rows, and SQLite finds 3/);
});
