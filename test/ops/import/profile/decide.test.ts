import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { declaredWays } from '../../../../src/ops/import/convert/declared.ts';
import { howOf } from '../../../../src/ops/import/convert/how.ts';
import { decide } from '../../../../src/ops/import/profile/decide.ts';
import { scanTable } from '../../../../src/ops/import/profile/scan.ts';
import { readCatalog } from '../../../../src/ops/import/source/catalog.ts';

/** What each column of the first table becomes: type, cells refused, reason. */
async function decided(sql: string): Promise<Record<string, readonly unknown[]>> {
  const database = new DatabaseSync(':memory:');
  database.exec(sql);
  const [table] = readCatalog(database).tables;
  if (table === undefined) throw new TypeError('no table');
  const waysOf = (column: { declared: string }) =>
    declaredWays(column).ways.map((name) => howOf(name) ?? expect.fail(name));
  const profile = await scanTable(database, table, { waysOf });
  database.close();
  return Object.fromEntries(
    profile.columns.map((column) => {
      const { how, tried } = decide(column, declaredWays(column.column).open);
      return [
        column.column.name,
        [how.type, tried.refused, ...tried.bad.map(({ key, reason }) => `${key}: ${reason}`)],
      ];
    }),
  );
}

test('the declaration holds, unless values of its kind do not fit in it', async () => {
  expect(
    await decided(`CREATE TABLE t (
      id INTEGER PRIMARY KEY, short VARCHAR(3), long VARCHAR(3), price DECIMAL(6,2), rate DECIMAL(3,1), ok BOOLEAN,
      at DATETIME, day DATE, note, mixed, code, doc JSON, ref UUID, raw BLOB, odd POINT);
    INSERT INTO t VALUES
      (1, 'abc', 'abc', 1234.5, 1.25, 'yes', 1700000000, '2024-01-01', 1, 1, '007', '{}', 'x', x'00', 1.5),
      (2, '日本語', 'abcd', 0.01, 2, 0, '2024-01-01 10:00', '2024-01-01 08:00', 2, 'a', '8', '[1]', NULL, 'text', NULL);`),
  ).toEqual({
    id: ['bigint', 0],
    short: ['character varying(3)', 0],
    long: ['text', 0],
    price: ['numeric(6,2)', 0],
    rate: ['numeric', 0],
    ok: ['boolean', 0],
    at: ['timestamp with time zone', 0],
    day: ['timestamp with time zone', 0],
    note: ['bigint', 0],
    mixed: ['text', 0],
    code: ['text', 0],
    doc: ['jsonb', 0],
    ref: ['text', 0],
    raw: ['bytea', 0],
    odd: ['double precision', 0],
  });
});

test('what has no value is named with its key', async () => {
  expect(
    await decided(`CREATE TABLE t (a TEXT, n INTEGER, at TIMESTAMP, txt TEXT, PRIMARY KEY (a, n)) WITHOUT ROWID;
      INSERT INTO t VALUES ('x', 1, '2026-13-45', 'fine'), ('it''s', 2, '', CAST(x'ff41' AS TEXT)), ('y', 'many', NULL, 'a' || char(0));`),
  ).toEqual({
    a: ['text', 0],
    n: ['bigint', 1, "'y', 'many': text that is no integer"],
    at: [
      ...['timestamp with time zone', 2, "'it''s', 2: an empty text, which is no time"],
      "'x', 1: a day that there is not",
    ],
    txt: [
      ...['text', 2, "'it''s', 2: a text whose bytes are no UTF-8"],
      "'y', 'many': a text with a NUL (U+0000), which PostgreSQL cannot hold",
    ],
  });
});

test('a replacement character that is really there is kept', async () => {
  expect(
    await decided(
      "CREATE TABLE t (rowid TEXT, _rowid_ TEXT, a TEXT); INSERT INTO t VALUES ('r', 's', '\ufffd')",
    ),
  ).toEqual({
    ...{ rowid: ['text', 0], _rowid_: ['text', 0], a: ['text', 0] },
  });
});
