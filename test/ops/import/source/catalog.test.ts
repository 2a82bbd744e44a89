import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { readCatalog } from '../../../../src/ops/import/source/catalog.ts';

let database: DatabaseSync;
afterEach(() => database.close());

function catalog(sql: string) {
  database = new DatabaseSync(':memory:');
  database.exec(sql);
  return readCatalog(database);
}

test('tables with their keys, numbers, checks and generated columns', () => {
  const { tables, others } = catalog(`
    CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, "E Mail" VARCHAR(80) NOT NULL COLLATE NOCASE UNIQUE);
    CREATE TABLE empty_one (id INTEGER PRIMARY KEY AUTOINCREMENT);
    CREATE TABLE lines (
      "order" INT, nr INT, customer INTEGER DEFAULT (1 + 1) REFERENCES customers ON DELETE CASCADE,
      price REAL CHECK (price > 0), gross REAL GENERATED ALWAYS AS (price * 1.2) STORED,
      PRIMARY KEY (nr, "order"), CONSTRAINT twice FOREIGN KEY (customer, nr) REFERENCES other (a, b)
    ) WITHOUT ROWID;
    CREATE TABLE other (a, b, UNIQUE (a, b));
    CREATE INDEX cheap ON lines (price DESC) WHERE price < 5;
    CREATE UNIQUE INDEX lower_mail ON customers (lower("E Mail"));
    CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE notes USING fts5(body);
    CREATE TRIGGER tr AFTER INSERT ON lines BEGIN SELECT 1; END;
    INSERT INTO customers ("E Mail") VALUES ('a'), ('b'); DELETE FROM customers WHERE id = 2;`);
  expect(tables.map(({ name }) => name)).toEqual(['customers', 'empty_one', 'lines', 'other']);
  const [customers, empty, lines, other] = tables;
  expect(customers).toMatchObject({ rowid: 'id', autoincrement: true, lastNumber: 2n, primaryKey: ['id'] });
  expect(customers?.columns[1]).toMatchObject({
    declared: 'VARCHAR(80)',
    notNull: true,
    collation: 'NOCASE',
  });
  expect(customers?.indexes.map(({ origin, name, columns }) => [origin, name, columns[0]?.name])).toEqual([
    ['u', 'sqlite_autoindex_customers_1', 'E Mail'],
    ['c', 'lower_mail', undefined],
  ]);
  expect(empty).toMatchObject({ autoincrement: true, lastNumber: undefined });
  expect(lines).toMatchObject({ withoutRowid: true, primaryKey: ['nr', 'order'], rowid: undefined });
  expect(lines?.columns.map(({ declared, generated }) => [declared, generated])).toEqual([
    ...[
      ['INT', undefined],
      ['INT', undefined],
      ['INTEGER', undefined],
    ],
    ...[
      ['REAL', undefined],
      ['REAL', 'price * 1.2'],
    ],
  ]);
  expect(lines?.columns[2]?.standard).toBe('1 + 1');
  expect(lines?.columns[3]?.checks).toEqual([{ name: undefined, expression: 'price > 0' }]);
  expect(lines?.keys).toEqual([
    {
      ...{ name: undefined, columns: ['customer'], parent: 'customers', parentColumns: [] },
      ...{ onUpdate: 'NO ACTION', onDelete: 'CASCADE', deferrable: '' },
    },
    {
      ...{ name: 'twice', columns: ['customer', 'nr'], parent: 'other', parentColumns: ['a', 'b'] },
      ...{ onUpdate: 'NO ACTION', onDelete: 'NO ACTION', deferrable: '' },
    },
  ]);
  expect(lines?.indexes.find(({ name }) => name === 'cheap')).toMatchObject({
    ...{ partial: true, unique: false },
    columns: [{ name: 'price', descending: true, collation: 'BINARY' }],
  });
  expect(other?.columns.map(({ declared }) => declared)).toEqual(['', '']);
  expect(others.map(({ kind, name }) => [kind, name])).toEqual([
    ...[
      ['view', 'v'],
      ['virtual table', 'notes'],
      ['trigger', 'tr'],
    ],
  ]);
});

test('a key that SQLite does not number', () => {
  const { tables } = catalog(`
    CREATE TABLE a (id INT PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY DESC);
    CREATE TABLE c (id INTEGER, PRIMARY KEY (id)); CREATE TABLE d (id INTEGER PRIMARY KEY) STRICT;`);
  expect(tables.map(({ rowid }) => rowid)).toEqual([undefined, undefined, 'id', 'id']);
  expect(tables[3]?.strict).toBe(true);
});
