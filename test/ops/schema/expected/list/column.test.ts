import { beforeAll, expect, test } from 'vitest';
import { readColumn } from '../../../../../src/ops/schema/expected/list/column.ts';
import { loadParser, type Parser } from '../../../../../src/ops/sql/parser.ts';

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser();
});

test.each([
  ['text not null', 'text', 'text not null'],
  ['numeric ( 10 , 2 ) default 0', 'numeric ( 10 , 2 )', 'numeric ( 10 , 2 ) default 0'],
  ['varchar(9)[] COLLATE "C"', 'varchar(9)[]', 'varchar(9)[] COLLATE "C"'],
  ['"Mood é" -- why', '"Mood é" -- why', '"Mood é" -- why'],
  ['int references orgs', 'int', 'int references <orgs>'],
  [
    'int constraint "a k" references app . "Or gs" ( "I d" ) on delete cascade',
    'int',
    'int constraint "a k" references <Or gs> ( "I d" ) on delete cascade',
  ],
  [`text default '客' references 客户(名) unique`, 'text', `text default '客' references <客户>(名) unique`],
  ['int references a references b(c)', 'int', 'int references <a> references <b>(c)'],
])('%s', (type, alone, text) => {
  const read = readColumn(parser, 'C"ol', type);
  if (typeof read === 'string') throw new Error(read);
  expect(read.type).toBe(alone);
  expect(read.text(({ name }) => `<${name}>`)).toBe(text);
});

test.each([
  'text, b int',
  'text) ; DROP TABLE x; CREATE TABLE y (a int',
  'int) INHERITS (x',
  'int) PARTITION BY RANGE (c',
  'int) WITH (fillfactor = 10',
  'int, LIKE other',
  'int, CHECK (true)',
])('more than a column is none: %s', (type) => {
  expect(readColumn(parser, 'c', type)).toMatch(/^Expected one type/);
});

test('what is no SQL is told in the words of the parser', () => {
  expect(readColumn(parser, 'c', 'text not nul')).toMatch(/syntax error/);
  expect(readColumn(parser, 'c', "text default 'x")).toEqual(expect.any(String));
});
