import { describe, expect, test } from 'vitest';
import { toBoolean, toDouble, toInteger, toNumeric } from '../../../../src/ops/import/convert/numbers.ts';
import { type Cell, type Converter, Refusal } from '../../../../src/ops/import/convert/value.ts';

/** The text, or the reason in brackets. */
const by = (convert: Converter) => (cell: Cell) => {
  const converted = convert(cell, () => {});
  return converted instanceof Refusal ? `[${converted.reason}]` : converted;
};

describe('numbers of SQLite', () => {
  test('an integer: in full beyond 2^53, never rounded, never out of range', () => {
    const integer = by(toInteger(8));
    expect([9007199254740993n, -5n, 3.0, ' 12 ', null].map(integer)).toEqual([
      ...['9007199254740993', '-5', '3', '12', null],
    ]);
    expect(integer(3.5)).toMatch(/fraction/);
    expect(integer('12,5')).toMatch(/text that is no integer/);
    expect(integer('')).toMatch(/empty text/);
    expect(by(toInteger(4))(2147483648n)).toMatch(/4 bytes/);
    expect(by(toInteger(4))(-2147483648n)).toBe('-2147483648');
    expect(integer(9223372036854775807n)).toBe('9223372036854775807');
    expect(integer('9223372036854775808')).toMatch(/8 bytes/);
  });

  test('a double keeps its digits, and refuses what it would round', () => {
    const double = by(toDouble);
    expect([0.1 + 0.2, 1e300, 5n, '1.5e3'].map(double)).toEqual([
      '0.30000000000000004',
      '1e+300',
      '5',
      '1.5e3',
    ]);
    expect(double(9007199254740993n)).toMatch(/2\^53/);
    expect(double('1e5x')).toMatch(/no number/);
  });

  test('numeric(10,2): what it would round or cannot hold is refused', () => {
    const numeric = by(toNumeric(10, 2));
    expect([12.5, 12345678n, '0.10', '1.2e1', '000012.50', '.5'].map(numeric)).toEqual([
      ...['12.5', '12345678', '0.10', '1.2e1', '000012.50', '.5'],
    ]);
    expect(numeric(12.345)).toMatch(/more than 2 decimals/);
    expect(numeric(123456789n)).toMatch(/more than 8 digits/);
    expect(numeric('1e8')).toMatch(/more than 8 digits/);
    expect(numeric('1.')).toBe('1.');
    expect(numeric('.')).toMatch(/no number/);
    expect(by(toNumeric())('1e-400')).toBe('1e-400');
  });

  test('a boolean is 0, 1 or a word for it', () => {
    const boolean = by(toBoolean);
    expect([0n, 1n, 1.0, 'True', ' no ', 'YES', '0'].map(boolean)).toEqual([
      'f',
      't',
      't',
      't',
      'f',
      't',
      'f',
    ]);
    expect(boolean(2n)).toMatch(/no boolean/);
    expect(boolean('maybe')).toMatch(/no boolean/);
  });
});
