import { expect, test } from 'vitest';
import { shortened } from '../../../../src/ops/maintain/shared/shortened.ts';

const rows = (n: number) => Array.from({ length: n }, (_, i) => [`t${i}`, '1 kB', 'never']);
const of = (n: number) =>
  shortened({ title: 'Tables', columns: ['table', 'size', 'last'], rows: rows(n) }).rows;

test('a long table of a plan has its first rows, and one that counts the others', () => {
  expect(of(0)).toEqual([]);
  expect(of(21)).toEqual(rows(21));
  expect(of(22)).toEqual([...rows(20), ['and 2 more', '', '']]);
});
