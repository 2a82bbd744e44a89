import { expect, test } from 'vitest';
import { Digest } from '../../../../src/ops/import/load/digest.ts';

const of = (...rows: (string | number | null)[][]): Digest => {
  const digest = new Digest(2);
  for (const row of rows) digest.add(row);
  return digest;
};

test('the order of rows does not matter, and everything else does', () => {
  const rows = of(['a', 1], ['b', null], ['b', null]);
  expect(rows.differences(of(['b', null], ['a', 1], ['b', null]))).toEqual([]);
  expect(rows.differences(of(['a', 1], ['b', null], ['b', 2]))).toEqual([1, 2]);
  expect(rows.differences(of(['a', 1], ['b', null], ['', null]))).toEqual([0, 2]);
  expect(rows.nulls).toEqual([0, 2]);
  expect(rows.text).toMatch(/^[\da-f]{16}$/);
});

test('the same cells in other rows', () => {
  expect(of(['a', 1], ['b', 2]).differences(of(['a', 2], ['b', 1]))).toEqual([2]);
});

test('cells that are alike are not the same', () => {
  const alike = [
    '',
    'null',
    '0',
    0,
    1,
    '1',
    null,
    -1,
    Number.MIN_VALUE,
    Infinity,
    'ab',
    'ba',
    '\u0001',
    '日',
  ];
  expect(new Set(alike.map((cell) => of([cell, null]).text)).size).toBe(alike.length);
});
