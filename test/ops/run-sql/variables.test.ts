import { expect, test } from 'vitest';
import { fillIn } from '../../../src/ops/run-sql/variables.ts';

const values = new Map([
  ['n', '7'],
  ['name', "O'Neil"],
  ['path', 'a\\b'],
  ['t', 'My "T"'],
]);
const filled = (sql: string) => fillIn(sql, values).sql;

test.each([
  ['SELECT :n', 'SELECT 7'],
  ["SELECT :'name'", "SELECT 'O''Neil'"],
  ["SELECT :'path'", "SELECT  E'a\\\\b'"],
  ['SELECT * FROM :"t"', 'SELECT * FROM "My ""T"""'],
  ['SELECT 1::int, :n::int', 'SELECT 1::int, 7::int'],
  [
    'SELECT \':n\', ":n", $$:n$$, $a$ :n $$ $a$ -- :n\n/* :n /* :n */ :n */ + :n',
    'SELECT \':n\', ":n", $$:n$$, $a$ :n $$ $a$ -- :n\n/* :n /* :n */ :n */ + 7',
  ],
  ["SELECT E'\\':n', :n", "SELECT E'\\':n', 7"],
  ['SELECT a[1:2], a[lo:hi], a[:n:2]', 'SELECT a[1:2], a[lo:hi], a[7:2]'],
  ['CALL p(x := 1)', 'CALL p(x := 1)'],
])('%s', (sql, expected) => {
  expect(filled(sql)).toBe(expected);
});

test.each([
  ['SELECT 1;\n  SELECT :missing', 2, 10, '--set missing=VALUE'],
  ['\\i other.sql', 1, 1, '\\i is a command of psql'],
  ["SELECT '\\';\n\\copy t FROM 'x'", 2, 1, 'load the data with psql'],
  ['-- \\x is nothing\nSELECT 1; \\! ls', 2, 11, 'beside pgdeck'],
  ['\\connect other', 1, 1, 'with -d'],
])('%j is refused with its place', (sql, line, column, what) => {
  expect(fillIn(sql, values).trouble).toMatchObject({ line, column, what: expect.stringContaining(what) });
});

test('what was used is told', () => {
  expect([...fillIn('SELECT :n', values).used]).toEqual(['n']);
});
