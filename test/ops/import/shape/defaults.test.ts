import { expect, test } from 'vitest';
import { howOf } from '../../../../src/ops/import/convert/how.ts';
import { defaultOf } from '../../../../src/ops/import/shape/defaults.ts';

const said = async (text: string, way: string): Promise<string | undefined> => {
  const made = await defaultOf(text, howOf(way) ?? expect.fail(way), new Map());
  return made === undefined || 'sql' in made ? made?.sql : `[${made.why}]`;
};

test.each([
  ['NULL', 'text', undefined],
  ['((-5))', 'bigint', "'-5'"],
  ['1', 'boolean', "'t'"],
  ['FALSE', 'boolean', "'f'"],
  ["'it''s'", 'text', "'it''s'"],
  ['"word"', 'text', "'word'"],
  ["x'00ff'", 'bytea', "E'\\\\x00ff'"],
  ['1700000000', 'timestamptz', "'2023-11-14 22:13:20.000000+00'"],
  ["(datetime('now'))", 'timestamptz', 'CURRENT_TIMESTAMP'],
  ["strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", 'timestamptz', 'CURRENT_TIMESTAMP'],
  ['current_timestamp', 'text', "to_char((CURRENT_TIMESTAMP AT TIME ZONE 'UTC'), 'YYYY-MM-DD HH24:MI:SS')"],
  ["date('now')", 'date', "(CURRENT_TIMESTAMP AT TIME ZONE 'UTC')::date"],
  ['unixepoch()', 'bigint', 'floor(extract(epoch FROM CURRENT_TIMESTAMP))::bigint'],
  ['lower(hex(randomblob(16)))', 'uuid', 'gen_random_uuid()'],
  ["'many'", 'bigint', '[text that is no integer, in a column of type bigint]'],
  ['CURRENT_DATE', 'boolean', '[it gives no boolean]'],
  ['random()', 'bigint', '[the function random() of SQLite]'],
  ['(1) + (2)', 'bigint', '(1) + (2)'],
])('%s of %s', async (text, way, expected) => {
  expect(await said(text, way)).toBe(expected);
});
