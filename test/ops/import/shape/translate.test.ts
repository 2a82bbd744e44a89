import { expect, test } from 'vitest';
import { translate } from '../../../../src/ops/import/shape/translate.ts';

const COLUMNS = new Map([
  ['active', { name: 'Active', type: 'boolean' }],
  ['n', { name: 'n', type: 'bigint' }],
  ['name', { name: 'name', type: 'text' }],
  ['order', { name: 'order', type: 'text' }],
]);
const said = async (expression: string): Promise<string> => {
  const made = await translate(expression, COLUMNS);
  return 'sql' in made ? made.sql : `[${made.why}]`;
};

test.each([
  ['n == 1 AND N != 0x1f', '"n" = 1 AND "n" != 31'],
  ['active = 1 or 0 = [Active]', '"Active" = true OR false = "Active"'],
  ['active IS NOT 0', '"Active" IS NOT false'],
  ['active NOT IN (0, 1) AND n IN (0, 1)', '"Active" NOT IN (false, true) AND "n" IN (0, 1)'],
  ["ifnull(name, 'it''s') LIKE \"a%\"", `coalesce ("name", 'it''s') ILIKE 'a%'`],
  ['CAST(n AS INTEGER) + `order`', 'CAST ("n" AS bigint) + "order"'],
  ["name <> x'00ff'", `"name" <> '\\x00ff'::bytea`],
  ['CASE WHEN n THEN 1 ELSE 2 END', 'CASE WHEN "n" THEN 1 ELSE 2 END'],
])('%s', async (sqlite, postgres) => {
  expect(await said(sqlite)).toBe(postgres);
});

test.each([
  ["name GLOB 'a*'", /GLOB/],
  ['json_valid(name)', /the function json_valid\(\) of SQLite/],
  ['[nowhere] = 1', /nowhere is no column/],
  ['name COLLATE NOCASE = 1', /COLLATE/],
  ['n IN (SELECT 1)', /SELECT/],
  ['n IS name', /does not read it/],
  ['1); DROP TABLE t; (1', /does not read it/],
  ['1), (2', /does not read it/],
  ['CAST(n AS BANANA)', /a cast to BANANA/],
])('%s is told', async (sqlite, why) => {
  expect(await said(sqlite)).toMatch(why);
});
