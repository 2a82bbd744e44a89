import { expect, test } from 'vitest';
import { putDecimal, putNumeric } from '../../../../src/ops/import/load/numeric.ts';
import { Tuples } from '../../../../src/ops/import/load/tuples.ts';

test.each([
  [10, 2],
  [15, 0],
  [12, 4],
  [9, 5],
  [15, 8],
  [4, 4],
])('numeric(%i,%i): a double becomes the bytes of its text, or none', (digits, scale) => {
  const [mine, other] = [new Tuples(), new Tuples()];
  let taken = 0;
  const tried = (value: number) => {
    if (!putDecimal(value, digits, scale, mine)) {
      expect(mine.take()).toHaveLength(0);
      return;
    }
    taken++;
    putNumeric(String(value), scale, other);
    expect(mine.take().toString('hex'), String(value)).toBe(other.take().toString('hex'));
  };
  for (let at = 0, units = 0; at < 5_000; at++, units = (units * 31 + 7919) % 10 ** Math.min(digits, 9)) {
    tried(units / 10 ** scale);
    tried(-units / 10 ** scale);
    tried(units / 7);
  }
  for (const value of [0, -0, 1, 9999, 10_000, 99_999_999, 0.1 + 0.2, 1e21, Number.POSITIVE_INFINITY, 5e-324])
    tried(value);
  expect(taken).toBeGreaterThan(9_000);
});

test('what its type has no place for is left', () => {
  const to = new Tuples();
  expect(putDecimal(100, 4, 2, to)).toBe(false);
  expect(putDecimal(0.005, 4, 2, to)).toBe(false);
  expect(putDecimal(0.5, 20, 9, to)).toBe(false);
});
