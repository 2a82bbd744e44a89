import { expect, test } from 'vitest';
import { Refusal } from '../../../../src/ops/import/convert/value.ts';
import { howOfType } from '../../../../src/ops/import/existing/types.ts';

const by = (type: string, labels: readonly string[] = []) => {
  const { convert } = howOfType(type, labels, {});
  return (cell: string | bigint | number | null) => {
    const value = convert(cell, () => {});
    return value instanceof Refusal ? `[${value.reason}]` : value;
  };
};

test.each([
  ['integer', 2147483648n, '[does not fit in 4 bytes]'],
  ['numeric(5, 2)', '1234.5', '[more than 3 digits before the point]'],
  ['numeric(5,2)', '123.4', '123.4'],
  ['double precision', 1.5, '1.5'],
  ['real', 1e300, '[beyond what a real holds]'],
  ['real', 9007199254740993n, '9007199254740992'],
  ['json', '{', '[a text that is no JSON]'],
  ['timestamp(3) without time zone', 1700000000n, '2023-11-14 22:13:20.000000'],
  ['timestamp with time zone', '2024-01-01', '2024-01-01 00:00:00+00'],
  ['time(0) without time zone', '10:00', '10:00'],
  ['character(2)', 'abc', '[longer than 2 characters]'],
  ['character varying', 'abc', 'abc'],
  ['inet', '10.0.0.1', '10.0.0.1'],
])('%s: %s', (type, cell, expected) => {
  expect(by(type)(cell)).toBe(expected);
});

test('an enum has its labels only', () => {
  const kind = by('kind', ['a', 'b']);
  expect([kind('a'), kind('c'), kind(null)]).toEqual(['a', '[no label of the enum]', null]);
});
