import { expect, test } from 'vitest';
import { progressBar, sparkline } from '../../src/text/sparkline.ts';

test('the newest value stands at the right, unknown ones are blank', () => {
  expect(sparkline([1, 2, Number.NaN, 4], 6)).toBe('  ▃▅ █');
  expect(sparkline([0, 0, 4], 2)).toBe('▁█');
  expect(sparkline([1, 2, Number.NaN, 4], 4, { ascii: true })).toBe('-+ @');
  expect(sparkline([], 3)).toBe('   ');
  expect(sparkline([1, 2], 0)).toBe('');
});

test('the scale has a floor, and a ceiling that only a higher value lifts', () => {
  expect(sparkline([0.5, 0.75, 1], 3, { floor: 0.5, ceiling: 1 })).toBe('▁▅█');
  expect(sparkline([0.2, 1], 2, { floor: 0.5, ceiling: 1 })).toBe('▁█');
  expect(sparkline([5, 20], 2, { ceiling: 10 })).toBe('▃█');
  expect(sparkline([0, 0], 2)).toBe('▁▁');
});

test('a bar is as long as asked, whatever the share', () => {
  for (const share of [-1, 0, 0.3, 1, 2]) expect(progressBar(share, 10)).toHaveLength(10);
  expect(progressBar(0.3, 10)).toBe('███░░░░░░░');
  expect(progressBar(0.3, 10, true)).toBe('###.......');
});
