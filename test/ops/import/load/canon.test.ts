import { expect, test } from 'vitest';
import { canonOf } from '../../../../src/ops/import/load/canon.ts';

test.each([
  ['bigint', '+007', '7'],
  ['numeric(10,2)', '12.5', '12.50'],
  ['numeric', '1.2e3', '1200'],
  ['numeric', '.5', '0.500'],
  ['numeric', '-0', '0.00'],
  ['numeric', '1e-7', '0.0000001'],
  ['double precision', '1e21', '1e+21'],
  ['double precision', '-0', '0'],
  ['double precision', '0.000001', '1e-06'],
  ['real', '0.333333333333333', '0.33333334'],
  ['jsonb', '{"bb":1,"a":[1,{"y":2,"x":1}]}', '{"a": [1, {"x": 1, "y": 2}], "bb": 1}'],
  ['timestamp with time zone', '2024-01-31T10:00+05:30', '2024-01-31 04:30:00+00'],
  ['timestamp with time zone', '2024-01-01 00:30:00+02', '2023-12-31 22:30:00+00'],
  ['timestamp with time zone', '0001-01-01 00:00:00+02', '0001-12-31 22:00:00+00 BC'],
  ['timestamp with time zone', '9999-12-31 23:59:59.999999+00', '9999-12-31T23:59:59.999999Z'],
  ['timestamp(3) without time zone', '2024-01-31 10:00:00.1235', '2024-01-31 10:00:00.124'],
  ['timestamp without time zone', '2024-01-31 10:00:00.5000000', '2024-01-31 10:00:00.5'],
  ['time without time zone', '08:30', '08:30:00'],
  ['character(4)', 'ab', 'ab  '],
])('%s: %s is %s', (type, one, other) => {
  expect(canonOf(type)(one)).toBe(canonOf(type)(other));
});

test.each([
  ['bigint', '9007199254740993', '9007199254740992'],
  ['numeric', '1.10', '1.01'],
  ['double precision', '0.1', '0.10000000000000002'],
  ['jsonb', '{"a":"1"}', '{"a":1}'],
  ['jsonb', '[1,2]', '[2,1]'],
  ['timestamp with time zone', '2024-01-31 10:00:00.000001+00', '2024-01-31 10:00:00+00'],
  ['timestamp with time zone', '9999-12-31 23:59:59.999999+00', '9999-12-31 23:59:59.999998+00'],
  ['timestamp without time zone', '2024-02-29 10:00:00', '2024-03-01 10:00:00'],
  ['text', 'a', 'A'],
])('%s: %s is not %s', (type, one, other) => {
  expect(canonOf(type)(one)).not.toBe(canonOf(type)(other));
});
