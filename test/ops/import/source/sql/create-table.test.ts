import { describe, expect, test } from 'vitest';
import { readCreateTable } from '../../../../../src/ops/import/source/sql/create-table.ts';

describe('the text of a CREATE TABLE of SQLite', () => {
  test('columns of every way to quote a name, with what stands behind them', () => {
    const read = readCreateTable(`CREATE TABLE "order" ( -- of a customer, since (2019
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      "Name, in full" TEXT COLLATE NOCASE NOT NULL CHECK (length("Name, in full") > 0),
      [a b] TEXT, \`c\`\`d\` VARCHAR(20) DEFAULT ('a,b)' || x'2c29'),
      total NUMERIC(10,2) GENERATED ALWAYS AS (price * (1 + tax)) STORED, /* , CHECK (no) */
      half REAL AS (total / 2.0),
      "state" TEXT CONSTRAINT state_known CHECK ("state" IN ('new', 'done')) REFERENCES states,
      CONSTRAINT "big enough" CHECK (price > 0 AND (tax > 0)), UNIQUE (price),
      CONSTRAINT to_customer FOREIGN KEY (customer) REFERENCES customers(id) ON DELETE CASCADE
    ) STRICT`);
    expect(read?.columns.map(({ name }) => name)).toEqual([
      ...['id', 'Name, in full', 'a b', 'c`d', 'total', 'half', 'state'],
    ]);
    expect(read?.columns[1]).toMatchObject({
      collation: 'NOCASE',
      checks: [{ name: undefined, expression: 'length("Name, in full") > 0' }],
    });
    expect(read?.columns[4]?.generated).toBe('price * (1 + tax)');
    expect(read?.columns[5]?.generated).toBe('total / 2.0');
    expect(read?.columns[6]?.checks).toEqual([
      { name: 'state_known', expression: "\"state\" IN ('new', 'done')" },
    ]);
    expect(read).toMatchObject({
      autoincrement: true,
      checks: [{ name: 'big enough', expression: 'price > 0 AND (tax > 0)' }],
      foreignKeys: [
        { name: undefined, deferrable: '' },
        { name: 'to_customer', deferrable: '' },
      ],
    });
  });

  test('keys that are looked at later', () => {
    const read = readCreateTable(`CREATE TABLE t (a INT REFERENCES p DEFERRABLE INITIALLY DEFERRED NOT NULL,
      b INT REFERENCES p (id) ON DELETE CASCADE NOT DEFERRABLE INITIALLY DEFERRED, c INT NOT NULL REFERENCES p DEFERRABLE,
      d INT CONSTRAINT late REFERENCES p deferrable /* not */ initially deferred, deferrable INT,
      FOREIGN KEY (a, b) REFERENCES q DEFERRABLE INITIALLY IMMEDIATE, FOREIGN KEY (a) REFERENCES q DEFERRABLE INITIALLY DEFERRED)`);
    expect(read?.foreignKeys.map(({ deferrable }) => deferrable)).toEqual([
      ...['DEFERRABLE INITIALLY DEFERRED', '', 'DEFERRABLE', 'DEFERRABLE INITIALLY DEFERRED'],
      ...['DEFERRABLE', 'DEFERRABLE INITIALLY DEFERRED'],
    ]);
  });

  test('what is no table of columns is none', () => {
    expect(readCreateTable('CREATE VIRTUAL TABLE notes USING fts5(body)')).toBeUndefined();
    expect(readCreateTable('CREATE VIEW v AS SELECT 1')).toBeUndefined();
  });

  test('a text that ends too early is read as far as it goes', () => {
    expect(readCreateTable("CREATE TABLE t (a TEXT DEFAULT 'open, b INT")?.columns).toHaveLength(1);
    expect(readCreateTable('CREATE TABLE t (a INT CHECK (a > 0')?.columns[0]?.checks).toHaveLength(1);
  });
});
