import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { Refusal } from '../../../../src/ops/import/convert/value.ts';
import { readCatalog, type SourceTable } from '../../../../src/ops/import/source/catalog.ts';
import { rowsOf, written } from '../../../../src/ops/import/source/rows.ts';
import { storedRows } from '../../../../src/ops/import/source/stored.ts';
import { sqliteFile } from '../stage.ts';

let database: DatabaseSync | undefined;
afterEach(() => {
  database?.close();
  database = undefined;
});

function opened(path: string): { database: DatabaseSync; tables: readonly SourceTable[] } {
  database = new DatabaseSync(path, { readOnly: true });
  return { database, tables: readCatalog(database).tables };
}

const textOf = (cell: unknown): string =>
  cell instanceof Refusal
    ? cell.reason
    : cell instanceof Uint8Array
      ? `x'${Buffer.from(cell).toString('hex')}'`
      : `${typeof cell} ${typeof cell === 'string' ? cell : written(cell as null)}`;

/** Rows as texts, from the pages and from SQLite; the former are undefined where pages are not all there is. */
function bothOf(path: string) {
  const { database, tables } = opened(path);
  const [table] = tables;
  if (table === undefined) throw new Error('no table');
  const places = table.columns.map((_, at) => at);
  const stored = storedRows(database, table);
  const read = [
    ...mapped(
      rowsOf(database, table),
      ({ cells, key }) => `${key()}: ${cells.slice(0, places.length).map(textOf).join(', ')}`,
    ),
  ];
  return {
    read,
    stored: stored && [
      ...mapped(stored, (row) => `${row.rowid}: ${places.map((at) => textOf(row.cell(at))).join(', ')}`),
    ],
  };
}

function* mapped<From, To>(all: Iterable<From>, change: (one: From) => To): Generator<To> {
  for (const one of all) yield change(one);
}

/** Values of every kind and size; those that go over several pages among them. */
const VALUES = [
  ...[
    'NULL',
    '0',
    '1',
    '-1',
    '127',
    '-128',
    '32767',
    '-32768',
    '8388607',
    '-8388608',
    '2147483647',
    '-2147483648',
  ],
  ...[
    '140737488355327',
    '-140737488355328',
    '9223372036854775807',
    '-9223372036854775808',
    '9007199254740993',
  ],
  ...['0.0', '1.0', '-2.0', '0.1', '1e300', '-5e-324', '9e999', '-9e999', '1e15'],
  ...[
    "''",
    "'a'",
    "'Łukasz 日本 😀'",
    "'\ufeffwith a mark'",
    "'\ufffd'",
    "CAST(x'c328' AS TEXT)",
    "CAST(x'eda080' AS TEXT)",
  ],
  ...[
    "'nul' || char(0) || 'inside'",
    "x''",
    "x'00ff'",
    'zeroblob(113)',
    'zeroblob(5000)',
    'zeroblob(200000)',
  ],
  ...["replace(hex(zeroblob(60)), '00', 'ab')", "replace(hex(zeroblob(40000)), '00', 'é')"],
];

test.each([512, 1024, 4096, 65_536])('every value, in pages of %i bytes', (pageSize) => {
  const rows = VALUES.flatMap((value) => [`(NULL, ${value}, ${value}, ${value}, ${value})`]);
  const { stored, read } = bothOf(
    sqliteFile(`PRAGMA page_size = ${pageSize}; PRAGMA auto_vacuum = FULL;
      CREATE TABLE t (id INTEGER PRIMARY KEY, any, real REAL, text TEXT, number NUMERIC);
      INSERT INTO t VALUES ${rows.join(', ')};`),
  );
  expect(read).toHaveLength(VALUES.length);
  expect(stored).toEqual(read);
});

test('every size of a row around what a page holds', () => {
  const { stored, read } = bothOf(
    sqliteFile(`PRAGMA page_size = 512; CREATE TABLE t (text, other);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2200)
      INSERT INTO t SELECT substr(hex(zeroblob(1200)), 1, i), i FROM n;`),
  );
  expect(read).toHaveLength(2200);
  expect(stored).toEqual(read);
});

test('rowids of every size, in their order, whatever order they came in', () => {
  const { stored, read } = bothOf(
    sqliteFile(`CREATE TABLE t (a, id INTEGER PRIMARY KEY);
      INSERT INTO t (id) VALUES (9223372036854775807), (-9223372036854775808), (0), (-1), (127), (128), (16383), (16384),
        (2097151), (2097152), (268435455), (268435456), (34359738367), (34359738368), (4398046511104), (562949953421312),
        (72057594037927935), (72057594037927936), (-4294967296), (4294967295), (4294967296);`),
  );
  expect(read[0]).toMatch(/^-9223372036854775808: object NULL, bigint -9223372036854775808/);
  expect(stored).toEqual(read);
});

test('rows of several tables between each other, of which many are deleted and made longer', () => {
  const { stored, read } = bothOf(
    sqliteFile(`CREATE TABLE t (a TEXT, b REAL, c BLOB); CREATE TABLE u (a);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
      INSERT INTO t SELECT 'row ' || i, i / 3.0, CASE WHEN i % 7 = 0 THEN randomblob(i % 3000) END FROM n;
      INSERT INTO u SELECT a FROM t; DELETE FROM t WHERE rowid % 3 = 0; DELETE FROM u;
      UPDATE t SET a = a || hex(zeroblob(i)) FROM (SELECT 900 AS i) WHERE rowid % 5 = 0;
      INSERT INTO t SELECT a, b, c FROM t WHERE rowid % 11 = 0;`),
  );
  expect(read.length).toBeGreaterThan(13_000);
  expect(stored).toEqual(read);
});

test('a column that is younger than rows has its default there, as its type has it', () => {
  const { stored, read } = bothOf(
    sqliteFile(`CREATE TABLE t (a); INSERT INTO t VALUES (1), (2);
      ALTER TABLE t ADD COLUMN n INTEGER DEFAULT '5'; ALTER TABLE t ADD COLUMN r REAL DEFAULT 2;
      ALTER TABLE t ADD COLUMN x; INSERT INTO t VALUES (3, NULL, NULL, 7);`),
  );
  expect(read[0]).toBe('1: bigint 1, bigint 5, number 2, object NULL');
  expect(stored).toEqual(read);
});

test('a table that is empty, and one whose key is a text', () => {
  expect(bothOf(sqliteFile('CREATE TABLE t (a)'))).toEqual({ stored: [], read: [] });
  const { stored, read } = bothOf(
    sqliteFile("CREATE TABLE t (a TEXT PRIMARY KEY, b); INSERT INTO t VALUES ('z', 1), ('a', 2)"),
  );
  expect(read).toEqual(['1: string z, bigint 1', '2: string a, bigint 2']);
  expect(stored).toEqual(read);
});

test.each([
  ['without rowids', 'CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID'],
  ['with a generated column', 'CREATE TABLE t (a, b AS (a + 1))'],
  ['whose columns have all names of a rowid', 'CREATE TABLE t (rowid, _rowid_, oid)'],
  ['in UTF-16', "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a)"],
])('a table %s is left to SQLite', (_, sql) => {
  expect(bothOf(sqliteFile(sql)).stored).toBeUndefined();
});

describe('pages that are not sound', () => {
  const file = () =>
    sqliteFile(`CREATE TABLE t (a TEXT); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
      INSERT INTO t SELECT hex(zeroblob(i % 60)) FROM n; INSERT INTO t VALUES (hex(zeroblob(9000)))`);

  test.each<[string, (bytes: Buffer) => void, RegExp]>([
    ['a page of another kind', (bytes) => bytes.writeUInt8(10, 4096), /page 2 is none of a table/],
    // the first child of the root
    [
      'a page that there is not',
      (bytes) => bytes.writeUInt32BE(9_999, 4096 + bytes.readUInt16BE(4096 + 12)),
      /cut short/,
    ],
    [
      'a page in itself',
      (bytes) => bytes.writeUInt32BE(2, 4096 + bytes.readUInt16BE(4096 + 12)),
      /page 2 is none of a table/,
    ],
    [
      'a row that is longer than its page',
      (bytes) => bytes.writeUInt16BE(0x8f7f, 2 * 4096 + bytes.readUInt16BE(2 * 4096 + 8)),
      /beyond its page|cut short/,
    ],
  ])('%s', (_, damage, said) => {
    const path = file();
    const { database, tables } = opened(path);
    const [table] = tables;
    if (table === undefined) throw new Error('no table');
    const bytes = readFileSync(path);
    damage(bytes);
    writeFileSync(path, bytes);
    expect(() => {
      for (const _row of storedRows(database, table) ?? []) void _row;
    }).toThrow(said);
  });
});
