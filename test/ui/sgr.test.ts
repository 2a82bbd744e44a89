import { expect, test } from 'vitest';
import { withoutHistory } from '../../src/ui/sgr.ts';

const sgr = (...codes: string[]) => codes.map((code) => `\u001b[${code}m`).join('');

test.each([
  [['32', '39'], []],
  [['31', '32', '39'], []],
  [['32', '39', '90'], ['90']],
  [['31', '32'], ['32']],
  [['7', '27', '41', '49', '97'], ['97']],
  [['38;5;99', '39', '3'], ['3']],
  [['3', '4', '24'], ['3']],
  [['1', '2', '22', '32', '39'], []],
  [
    ['2', '22', '1', '90'],
    ['1', '90'],
  ],
  // not known: left as it is
  [
    ['1', '21'],
    ['1', '21'],
  ],
  [
    ['32', '39', '53'],
    ['32', '39', '53'],
  ],
  [
    ['32', '0'],
    ['32', '0'],
  ],
])('after an erased part of a row %j is %j', (history, left) => {
  const row = (codes: readonly string[]) => `\u001b[87G\u001b[K${sgr(...codes)}7s\r\n`;
  expect(withoutHistory(row(history))).toBe(row(left));
});

test('elsewhere nothing is touched: there something may be set', () => {
  const text = `\u001b[31mred${sgr('32', '39')}plain\u001b[K\u001b[31mone`;
  expect(withoutHistory(text)).toBe(text);
});
